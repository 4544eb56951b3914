/** What an IPv6 prefix may be used for, by the registries of IANA. */
import { containsPrefix, overlap, parseIpv6Prefix, type Prefix } from "../prefix";

interface Block {
  readonly prefix: Prefix;
  readonly why: string;
}

function block(prefix: string, why: string): Block {
  return { prefix: parseIpv6Prefix(prefix), why };
}

const notUnicast = [
  block("ff00::/8", "is multicast: no host can have such an address."),
  block("fe80::/10", "is link-local: it is on every link and no router forwards it."),
  block("fec0::/10", "is site-local, which RFC 3879 abolished."),
  block("::/96", "holds the unspecified and the loopback address (RFC 4291 section 2.5)."),
  block("::ffff:0:0/96", "stands for IPv4-mapped addresses (RFC 4291 section 2.5.5.2)."),
];

/** Why nobody can use this prefix on a network; undefined when somebody can. */
export function unusable(prefix: Prefix): string | undefined {
  return notUnicast.find((each) => overlap(each.prefix, prefix))?.why;
}

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
