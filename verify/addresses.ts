import { AddressError, containsAddress, parseIpv4, parseIpv6, parseIpv6Prefix } from "../plan/prefix";
import { wellKnownPrefix } from "../plan/rfc6052";

/** Whether two texts are the same IPv6 address; what is no IPv6 address is the same as nothing. */
export function sameAddress(one: string, other: string): boolean {
  const [a, b] = [ipv6Value(one), ipv6Value(other)];
  return a !== undefined && a === b;
}

export function isAddress(text: string): boolean {
  return ipv6Value(text) !== undefined;
}

export function isIpv4Address(text: string): boolean {
  return valueOf(text, parseIpv4) !== undefined;
}

/** Whether a text is an IPv6 address inside a prefix. */
export function isAddressInPrefix(address: string, prefix: string): boolean {
  const value = ipv6Value(address);
  return value !== undefined && containsAddress(parseIpv6Prefix(prefix), value);
}

/** RFC 8215: for NAT64 prefixes of a network's own. */
const localUsePrefix = "64:ff9b:1::/48";

/** What would be IPv4 by translation: behind a lab's own prefix, and behind those that are known everywhere. */
export function nat64Prefixes({ nat64 }: { readonly nat64: { readonly prefix: string } }): string[] {
  return [...new Set([nat64.prefix, wellKnownPrefix, localUsePrefix])];
}

/** Whether a text is an IPv6 address between two others, both included. */
export function isAddressBetween(address: string, first: string, last: string): boolean {
  const value = ipv6Value(address);
  return value !== undefined && parseIpv6(first) <= value && value <= parseIpv6(last);
}

/** Whether two lists hold the same addresses, in any order and however often. */
export function sameAddresses(some: readonly string[], others: readonly string[]): boolean {
  const within = (inner: readonly string[], outer: readonly string[]): boolean =>
    inner.every((one) => outer.some((other) => sameAddress(one, other)));
  return within(some, others) && within(others, some);
}

/** The same for addresses of both families. */
export function sameHosts(some: readonly string[], others: readonly string[]): boolean {
  const mapped = (text: string): string => (text.includes(":") ? text : `::ffff:${text}`);
  return sameAddresses(some.map(mapped), others.map(mapped));
}

function ipv6Value(text: string): bigint | undefined {
  return valueOf(text, parseIpv6);
}

function valueOf(text: string, parse: (text: string) => bigint): bigint | undefined {
  try {
    return parse(text);
  } catch (error) {
    if (error instanceof AddressError) {
      return undefined;
    }
    throw error;
  }
}
