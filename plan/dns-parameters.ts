/** Numbers of the DNS, as IANA's registry "Domain Name System (DNS) Parameters" has them. */

/** Types of records (RFC 1035 section 3.2.2, RFC 3596 section 2.1). */
export const recordTypes = { A: 1, AAAA: 28 } as const;
export type RecordType = keyof typeof recordTypes;

/** Response codes (RFC 1035 section 4.1.1). NOERROR without records is called NODATA (RFC 2308 section 2.2). */
export const rcodes = { NOERROR: 0, FORMERR: 1, SERVFAIL: 2, NXDOMAIN: 3, NOTIMP: 4, REFUSED: 5 } as const;
export type Rcode = keyof typeof rcodes;

/** The name of a response code, as dig(1) shows it; of a rarer one its number. */
export function rcodeName(code: number): string {
  return Object.entries(rcodes).find(([, each]) => each === code)?.[0] ?? `RCODE${code}`;
}
