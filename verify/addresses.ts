import { AddressError, containsAddress, parseIpv6, parseIpv6Prefix } from "../plan/prefix";

/** Whether two texts are the same IPv6 address; what is no IPv6 address is the same as nothing. */
export function sameAddress(one: string, other: string): boolean {
  const [a, b] = [ipv6Value(one), ipv6Value(other)];
  return a !== undefined && a === b;
}

/** Whether a text is an IPv6 address inside a prefix. */
export function isAddressInPrefix(address: string, prefix: string): boolean {
  const value = ipv6Value(address);
  return value !== undefined && containsAddress(parseIpv6Prefix(prefix), value);
}

function ipv6Value(text: string): bigint | undefined {
  try {
    return parseIpv6(text);
  } catch (error) {
    if (error instanceof AddressError) {
      return undefined;
    }
    throw error;
  }
}
