/** What addresses may be used for, by the registries of IANA. */
import { containsPrefix, overlap, parseIpv4Prefix, parseIpv6Prefix, type Prefix } from "./prefix";

/** Addresses, and what is the matter with them. */
export interface Block {
  readonly prefix: Prefix;
  readonly why: string;
}

export function block(text: string, why: string): Block {
  return { prefix: text.includes(":") ? parseIpv6Prefix(text) : parseIpv4Prefix(text), why };
}

const noIpv6Hosts = [
  block("ff00::/8", "is multicast: no host can have such an address."),
  block("fe80::/10", "is link-local: it is on every link and no router forwards it."),
  block("fec0::/10", "is site-local, which RFC 3879 abolished."),
  block("::/96", "holds the unspecified and the loopback address (RFC 4291 section 2.5)."),
  block("::ffff:0:0/96", "stands for IPv4-mapped addresses (RFC 4291 section 2.5.5.2)."),
];

/** IPv4 addresses that no other machine can have. */
export const noIpv4Hosts: readonly Block[] = [
  block("0.0.0.0/8", 'is "this network": no host can have such an address (RFC 1122 section 3.2.1.3).'),
  block("127.0.0.0/8", "is loopback: every machine is that to itself."),
  block("224.0.0.0/4", "is multicast: no host can have such an address."),
  block("255.255.255.255/32", "is everybody on a link: no host can have such an address."),
];

/** Why nobody can use this prefix on a network, or this address for a host; undefined when somebody can. */
export function unusable(prefix: Prefix): string | undefined {
  return [...noIpv6Hosts, ...noIpv4Hosts].find((each) => overlap(each.prefix, prefix))?.why;
}

/**
 * Destinations that are not global (RFC 6052 section 3.1). That section points to section 3 of RFC 5735, whose list is
 * longer by two: the documentation blocks are left out on purpose, because networks exist that use one of them inside,
 * for example for their package mirror, and a packet to them harms nobody; and 192.88.99.0/24, the anycast address of
 * 6to4 relays, was global as long as there were such relays (RFC 3068, RFC 7526).
 */
export const nonGlobalIpv4: readonly Prefix[] = [
  "0.0.0.0/8", // this network
  "10.0.0.0/8", // private (RFC 1918)
  "100.64.0.0/10", // shared (RFC 6598)
  "127.0.0.0/8", // loopback
  "169.254.0.0/16", // link-local
  "172.16.0.0/12", // private
  "192.0.0.0/24", // IETF protocols; 192.0.0.170 and .171 of ipv4only.arpa are names' contents, nobody speaks to them
  "192.168.0.0/16", // private
  "198.18.0.0/15", // benchmarks (RFC 2544)
  "224.0.0.0/4", // multicast
  "240.0.0.0/4", // reserved, with the limited broadcast address
].map(parseIpv4Prefix);

const globalUnicast = parseIpv6Prefix("2000::/3");
const uniqueLocal = parseIpv6Prefix("fc00::/7");
const documentation = ["2001:db8::/32", "3fff::/20"].map(parseIpv6Prefix);
const undefinedUniqueLocal = parseIpv6Prefix("fc00::/8");

export function isDocumentation(prefix: Prefix): boolean {
  return documentation.some((each) => overlap(each, prefix));
}

/** fc00::/8: unique local without the L bit, for which no rules exist (RFC 4193 section 3.2). */
export function isUndefinedUniqueLocal(prefix: Prefix): boolean {
  return containsPrefix(undefinedUniqueLocal, prefix);
}

export function isUniqueLocal(prefix: Prefix): boolean {
  return containsPrefix(uniqueLocal, prefix);
}

export function isGlobalUnicast(prefix: Prefix): boolean {
  return containsPrefix(globalUnicast, prefix);
}
