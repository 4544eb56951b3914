/** What the translator is told: prefix, pool, denied destinations, Jool's globals. */
import type { Nat64Plan, Pool4Entry, Pool4Plan } from "./model";
import { containsPrefix, formatPrefix, parseIpv4Prefix, subtractPrefix, type Prefix } from "./prefix";
import { wellKnownPrefix } from "./rfc6052";
import type { LabConfig } from "./schema";

/**
 * Destinations that are not global (RFC 6052 section 3.1). That section points to RFC 5735, whose list holds the
 * documentation blocks too; they are left out on purpose, because networks exist that use one of them inside, for
 * example for their package mirror, and a packet to them harms nobody.
 */
export const nonGlobalIpv4: readonly Prefix[] = [
  "0.0.0.0/8", // this network
  "10.0.0.0/8", // private (RFC 1918)
  "100.64.0.0/10", // shared (RFC 6598)
  "127.0.0.0/8", // loopback
  "169.254.0.0/16", // link-local
  "172.16.0.0/12", // private
  "192.168.0.0/16", // private
  "224.0.0.0/4", // multicast
  "240.0.0.0/4", // reserved, with the limited broadcast address
].map(parseIpv4Prefix);

export function nat64Plan({ nat64, lan }: LabConfig): Nat64Plan {
  const allowed = outermost(nat64.allowedIpv4.map(parseIpv4Prefix));
  const denied = outermost([...nonGlobalIpv4, ...nat64.deniedIpv4.map(parseIpv4Prefix)]);
  return {
    prefix: nat64.prefix,
    wellKnown: nat64.prefix === wellKnownPrefix,
    pool4: pool4Plan(nat64.pool4),
    deniedIpv4: denied.flatMap((prefix) => subtractAll(prefix, allowed)).map(formatPrefix),
    allowedIpv4: allowed.map(formatPrefix),
    globals: joolGlobals(nat64, lan.mtu),
  };
}

function pool4Plan(pool4: LabConfig["nat64"]["pool4"]): Pool4Plan {
  if (pool4 === "auto") return { kind: "automatic" };
  const entries = pool4.flatMap(({ protocol, prefix, ports }) =>
    (protocol === undefined ? (["TCP", "UDP", "ICMP"] as const) : [protocol]).map((each): Pool4Entry => ({
      protocol: each,
      prefix,
      portRange: ports,
    })),
  );
  return { kind: "explicit", entries };
}

/** Sorted by address, without the prefixes that lie inside another one. */
function outermost(prefixes: readonly Prefix[]): readonly Prefix[] {
  const result: Prefix[] = [];
  for (const prefix of [...prefixes].sort(byAddress)) {
    const last = result.at(-1);
    if (last === undefined || !containsPrefix(last, prefix)) result.push(prefix);
  }
  return result;
}

function byAddress(one: Prefix, other: Prefix): number {
  if (one.address === other.address) return one.length - other.length;
  return one.address < other.address ? -1 : 1;
}

function subtractAll(prefix: Prefix, holes: readonly Prefix[]): readonly Prefix[] {
  return holes.reduce<readonly Prefix[]>((rest, hole) => rest.flatMap((each) => subtractPrefix(each, hole)), [prefix]);
}

/** By the names that the "global" object of jool.conf uses; what is left out keeps Jool's default. */
function joolGlobals(nat64: LabConfig["nat64"], mtu: number): Nat64Plan["globals"] {
  return {
    "address-dependent-filtering": nat64.addressDependentFiltering,
    "drop-externally-initiated-tcp": nat64.dropExternallyInitiatedTcp,
    "drop-icmpv6-info": nat64.dropIcmpv6Info,
    "handle-rst-during-fin-rcv": nat64.handleRstDuringFinRcv,
    "icmp-timeout": joolDuration(nat64.timeouts.icmp),
    // Jool cuts IPv4 packets that may be fragmented to this size: 1280 by default, needlessly small on this LAN.
    "lowest-ipv6-mtu": mtu,
    "tcp-est-timeout": joolDuration(nat64.timeouts.tcpEstablished),
    "tcp-trans-timeout": joolDuration(nat64.timeouts.tcpTransitory),
    "udp-timeout": joolDuration(nat64.timeouts.udp),
  };
}

/** Seconds as Jool reads durations in a file: `HH:MM:SS`, a string. */
function joolDuration(seconds: number): string {
  const two = (value: number) => String(value).padStart(2, "0");
  return `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
}
