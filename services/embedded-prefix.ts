import { formatPrefix, formatIpv4, parseIpv4Prefix, parseIpv6Prefix } from "../plan/prefix";
import { embedIpv4 } from "../plan/rfc6052";

/**
 * The IPv6 prefix of all addresses that stand for an IPv4 prefix (RFC 6052 section 2.2). One prefix is enough, because
 * what the embedded bits go around, bits 64 to 71, are zero in every such address; whoever matches by it must refuse
 * addresses where they are not.
 *
 * @throws AddressError for a NAT64 prefix of a length that cannot hold an address, or an IPv4 prefix that is none.
 */
export function embeddedPrefix(nat64Prefix: string, ipv4Prefix: string): string {
  const inner = parseIpv4Prefix(ipv4Prefix);
  const { length } = parseIpv6Prefix(nat64Prefix);
  const first = embedIpv4(nat64Prefix, formatIpv4(inner.address));
  const end = length + inner.length;
  const behindUOctet = length <= 64 && end > 64;
  return formatPrefix(parseIpv6Prefix(`${first}/${behindUOctet ? end + 8 : end}`));
}
