/** What the translator is told: prefix, pool, denied destinations, Jool's globals. */
import { noIpv4Hosts, nonGlobalIpv4, type Block } from "./address-space";
import { internetPrefixes } from "./internet";
import type { PlannedClient } from "./clients";
import type { Nat64Plan, Pool4Entry, Pool4Plan } from "./model";
import { hostsOf } from "./ipv4";
import { labNetworks } from "./networks";
import { platformDecisions } from "./platforms";
import { containsPrefix, formatPrefix, parseIpv4Prefix, subtractPrefix, type Prefix } from "./prefix";
import type { LabConfig } from "./schema";
import { staticBindingPlans } from "./static-bindings";

/** What no configuration opens: nobody else is there, or it leads to the machine that runs the lab. */
export function sealedIpv4(config: LabConfig): readonly Block[] {
  return [...noIpv4Hosts, ...platformDecisions(config).hostNetworks.ipv4];
}

export function nat64Plan(config: LabConfig, clients: readonly PlannedClient[]): Nat64Plan {
  const { nat64 } = config;
  // The gateway's own addresses on its networks too: what is translated comes to it as from itself, past its firewall.
  const own = labNetworks(config).flatMap(({ ipv4 }) => (ipv4 === undefined ? [] : [`${hostsOf(ipv4).gateway}/32`]));
  const sealed = [...sealedIpv4(config).map(({ prefix }) => prefix), ...own.map(parseIpv4Prefix)];
  const allowed = nat64.allowedIpv4.map(parseIpv4Prefix).flatMap((prefix) => subtractAll(prefix, sealed));
  const denied = outermost([
    ...[...nonGlobalIpv4, ...sealed, ...nat64.deniedIpv4.map(parseIpv4Prefix)],
    ...(config.internet.kind === "simulated" ? allButSimulated() : []),
  ]);
  // Jool keeps TCP from outside away from all bindings or from none.
  const bindsTcp = nat64.staticBindings.some(({ protocol }) => protocol === "TCP");
  return {
    prefix: nat64.prefix,
    pool4: pool4Plan(nat64.pool4),
    staticBindings: staticBindingPlans(config, clients),
    boundTcpOnly: bindsTcp && nat64.dropExternallyInitiatedTcp,
    deniedIpv4: denied.flatMap((prefix) => subtractAll(prefix, allowed)).map(formatPrefix),
    globals: joolGlobals(nat64, bindsTcp),
  };
}

/** Where no other internet is than the simulated one, no packet leaves for another. */
function allButSimulated(): readonly Prefix[] {
  return subtractPrefix(parseIpv4Prefix("0.0.0.0/0"), parseIpv4Prefix(internetPrefixes.ipv4));
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

/**
 * Octets, RFC 7915's own default (section 4), and the least that Jool takes. What may be fragmented it cuts to this; of what
 * has come in fragments, only what has one that is longer. The rest it puts together and does not cut (4to6.c:
 * fragment_exceeds_mtu46), and the kernel does not send what is then larger than the LAN's MTU. So every octet more here would
 * be a size of IPv4 fragments more that never arrive.
 */
const lowestIpv6Mtu = 1280;

/** By the names that the "global" object of jool.conf uses; what is left out keeps Jool's default. */
function joolGlobals(nat64: LabConfig["nat64"], bindsTcp: boolean): Nat64Plan["globals"] {
  return {
    "address-dependent-filtering": nat64.addressDependentFiltering,
    "drop-externally-initiated-tcp": nat64.dropExternallyInitiatedTcp && !bindsTcp,
    "drop-icmpv6-info": nat64.dropIcmpv6Info,
    "handle-rst-during-fin-rcv": nat64.handleRstDuringFinRcv,
    "icmp-timeout": joolDuration(nat64.timeouts.icmp),
    "lowest-ipv6-mtu": lowestIpv6Mtu,
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
