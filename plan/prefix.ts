/**
 * IPv6 and IPv4 addresses and prefixes: text in, number out, and back. ip-num reads and checks the text; the numbers
 * are bigints, because arithmetic on text goes wrong as soon as somebody compresses a zero.
 */
import { collapseIPv6Number, IPv4, IPv6 } from "ip-num";

/** A text that is not the address or prefix it should be. `why` and `remedy` are for the person who wrote it. */
export class AddressError extends Error {
  constructor(
    readonly why: string,
    readonly remedy: string,
  ) {
    super(`${why} ${remedy}`);
    this.name = "AddressError";
  }
}

/** The first address and the length in bits. Bits behind the length are always zero. */
export interface Prefix {
  readonly bits: 32 | 128;
  readonly address: bigint;
  readonly length: number;
}

/** What was read before: a configuration's few addresses are asked for again by each of the checks. */
const readBefore = new Map<string, bigint>();

/** Reads an IPv6 address. @throws AddressError for anything else, also for a zone (`%eth0`). */
export function parseIpv6(text: string): bigint {
  const known = readBefore.get(text);
  if (known !== undefined) return known;
  const zone = /%[^/]*/.exec(text)?.[0];
  if (zone !== undefined) {
    throw new AddressError("names a zone, which means something on one machine only.", `Leave out ${zone}`);
  }
  try {
    const address = new IPv6(text).getValue();
    readBefore.set(text, address);
    return address;
  } catch {
    throw new AddressError("is not an IPv6 address.", "Write one as in RFC 4291, e.g. fc01:0:0:1::1");
  }
}

/** Canonical text (RFC 5952): lower case, no leading zeros, the longest run of zeros compressed. */
export function formatIpv6(address: bigint): string {
  const digits = address.toString(16).padStart(32, "0");
  return collapseIPv6Number((digits.match(/.{4}/g) ?? []).join(":"));
}

/** Reads an IPv4 address in four decimal parts. @throws AddressError, also for leading zeros (octal to some tools). */
export function parseIpv4(text: string): bigint {
  try {
    return new IPv4(text).getValue();
  } catch {
    throw new AddressError("is not an IPv4 address.", "Write four decimal numbers from 0 to 255, e.g. 192.0.2.1");
  }
}

export function formatIpv4(address: bigint): string {
  return IPv4.fromNumber(address).toString();
}

/** Reads `address/length`. @throws AddressError, also for host bits behind the length, with the prefix to write. */
export function parseIpv6Prefix(text: string): Prefix {
  const [address = "", length, ...rest] = text.split("/");
  const value = parseIpv6(address);
  if (rest.length > 0) throw new AddressError("is not an IPv6 prefix.", `Write it with one slash, e.g. ${address}/64`);
  if (length === undefined) {
    throw new AddressError("is not a prefix: it has no length.", `Write it with its length, e.g. ${address}/64`);
  }
  return withoutHostBits({ bits: 128, address: value, length: parseLength(length, 128) });
}

/** Reads `address/length`, or a single address, which is a /32. @throws AddressError, also for host bits. */
export function parseIpv4Prefix(text: string): Prefix {
  const [address = "", length = "32", ...rest] = text.split("/");
  if (rest.length > 0) throw new AddressError("is not an IPv4 prefix.", "Write it with one slash, e.g. 192.0.2.0/24");
  return withoutHostBits({ bits: 32, address: parseIpv4(address), length: parseLength(length, 32) });
}

function parseLength(text: string, bits: number): number {
  if (!/^(0|[1-9]\d{0,2})$/.test(text) || Number(text) > bits) {
    throw new AddressError(
      `has the length "${text}", which is not a number from 0 to ${bits}.`,
      "Write the prefix length in bits, e.g. /64",
    );
  }
  return Number(text);
}

function withoutHostBits(prefix: Prefix): Prefix {
  const truncated = { ...prefix, address: firstAddress(prefix) };
  if (truncated.address !== prefix.address) {
    throw new AddressError(
      `has bits set behind the first ${prefix.length}: it is a host in that prefix, not the prefix.`,
      `Write ${formatPrefix(truncated)}`,
    );
  }
  return truncated;
}

function hostBits(prefix: Prefix): bigint {
  return BigInt(prefix.bits - prefix.length);
}

function firstAddress(prefix: Prefix): bigint {
  return (prefix.address >> hostBits(prefix)) << hostBits(prefix);
}

export function lastAddress(prefix: Prefix): bigint {
  return prefix.address + (1n << hostBits(prefix)) - 1n;
}

/** Canonical text, e.g. `fc01:0:0:1::/64` or `10.0.0.0/8`. */
export function formatPrefix(prefix: Prefix): string {
  return `${prefix.bits === 128 ? formatIpv6(prefix.address) : formatIpv4(prefix.address)}/${prefix.length}`;
}

export function containsAddress(prefix: Prefix, address: bigint): boolean {
  return prefix.address <= address && address <= lastAddress(prefix);
}

/** The same for texts: an IPv4 prefix, or a single address, and an IPv4 address. */
export function containsIpv4(prefix: string, address: string): boolean {
  return containsAddress(parseIpv4Prefix(prefix), parseIpv4(address));
}

/** True when every address of `inner` is in `outer`. */
export function containsPrefix(outer: Prefix, inner: Prefix): boolean {
  return outer.bits === inner.bits && outer.length <= inner.length && containsAddress(outer, inner.address);
}

export function overlap(one: Prefix, other: Prefix): boolean {
  return containsPrefix(one, other) || containsPrefix(other, one);
}

/** The prefixes that cover `from` without `hole`, in ascending order; `from` itself when they do not overlap. */
export function subtractPrefix(from: Prefix, hole: Prefix): readonly Prefix[] {
  if (containsPrefix(hole, from)) return [];
  if (!containsPrefix(from, hole)) return [from];
  const length = from.length + 1;
  const lower: Prefix = { ...from, length };
  const upper: Prefix = { ...from, length, address: from.address + (1n << BigInt(from.bits - length)) };
  return [...subtractPrefix(lower, hole), ...subtractPrefix(upper, hole)];
}
