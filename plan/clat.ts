/** What Debian's CLAT, clatd with TAYGA, can and cannot: clatd(8), and TAYGA 0.9.2's sources. */
import { containsAddress, parseIpv4, parseIpv4Prefix } from "./prefix";
import { nat64PrefixLengths, wellKnownPrefix } from "./rfc6052";

/** Its network interface, as it is called by default. */
export const clatDevice = "clat";

/** The block for the IPv4 side of such translators (RFC 7335). */
export const clatAddresses = "192.0.0.0/29";

/** Of RFC 6052's it leaves out /40. */
export const clatPrefixLengths: readonly number[] = nat64PrefixLengths.filter((length) => length !== 40);

/** TAYGA's reading of RFC 6052 section 3.1: what the well-known prefix must not stand for. */
const refused = [
  ...["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "198.18.0.0/15"],
  ...["192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24"],
].map(parseIpv4Prefix);

/** Whether it leads to an IPv4 address behind a NAT64 prefix. */
export function clatTranslates(address: string, nat64Prefix: string): boolean {
  return nat64Prefix !== wellKnownPrefix || !refused.some((prefix) => containsAddress(prefix, parseIpv4(address)));
}
