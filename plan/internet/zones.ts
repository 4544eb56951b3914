/** The zones of the simulated internet, and who answers for them. */
import type { LabIdentity } from "../identity";
import { faults, truncatedChain } from "./faults";
import { bigName, dualStack, good, hosts, nameServers, proxies, zone, type HostPlan } from "./hosts";
import { zoneKey, type ZoneKey } from "./zone-key";

/** A part of the zone that other name servers answer for. */
export interface DelegationPlan {
  readonly zone: string;
  /** Name of the name server. */
  readonly to: string;
}

export interface ZonePlan {
  /** Without a final dot. */
  readonly name: string;
  /** Names of its name servers. */
  readonly nameServers: readonly string[];
  readonly hosts: readonly HostPlan[];
  readonly delegations: readonly DelegationPlan[];
  /** Names with so many octets of text. */
  readonly texts: readonly { readonly name: string; readonly octets: number }[];
  /** Of a chain, each leads to the next. */
  readonly aliases: readonly { readonly name: string; readonly target: string }[];
  /** Undefined: it is not signed. */
  readonly signedWith: ZoneKey | undefined;
  /** What validators are told to trust for it; of a bogus zone another key. */
  readonly trustAnchor: ZoneKey | undefined;
}

/** A process that answers, and where. */
export interface NameServerPlan {
  /** `main` has what everybody reaches, `delegated` what only some do: it may not know the zones of the other. */
  readonly name: "main" | "delegated";
  readonly addresses: readonly string[];
  readonly zones: readonly ZonePlan[];
}

function delegated(name: string, server: HostPlan, keys: Partial<ZonePlan> = {}): ZonePlan {
  const own = `${name}.${zone}`;
  return {
    name: own,
    nameServers: [server.name],
    hosts: [dualStack(`www.${name}`, good)],
    delegations: [],
    texts: [],
    aliases: [],
    signedWith: undefined,
    trustAnchor: undefined,
    ...keys,
  };
}

export function nameServerPlans(identity: LabIdentity): readonly NameServerPlan[] {
  const key = (...parts: readonly string[]): ZoneKey => zoneKey(identity, ...parts);
  const signed = [
    delegated("signed", nameServers.everywhere, { signedWith: key("signed"), trustAnchor: key("signed") }),
    delegated("bogus", nameServers.everywhere, { signedWith: key("bogus"), trustAnchor: key("bogus", "anchor") }),
  ];
  const others = [
    delegated("v4-names", nameServers.ipv4),
    delegated("v6-names", nameServers.ipv6),
    delegated("slow-names", nameServers.slow),
  ];
  const parent: ZonePlan = {
    name: zone,
    nameServers: [nameServers.everywhere.name],
    hosts: uniqueHosts([
      ...Object.values(nameServers),
      ...hosts,
      ...proxies.map(({ host }) => host),
      ...faults.flatMap(({ host }) => host ?? []),
    ]),
    delegations: [
      ...[...signed, ...others].flatMap(({ name, nameServers: servers }) => servers.map((to) => ({ zone: name, to }))),
      // Lame: that server does not have it (RFC 1912 section 2.8).
      { zone: `servfail.${zone}`, to: nameServers.ipv4.name },
      { zone: `servfail.${zone}`, to: nameServers.ipv6.name },
    ],
    texts: [{ name: bigName, octets: 3000 }],
    aliases: chain([`truncated.faults.${zone}`, ...truncatedChain, `dualstack.${zone}`]),
    signedWith: undefined,
    trustAnchor: undefined,
  };
  const addresses = (server: HostPlan) => [...server.a, ...server.aaaa];
  return [
    {
      name: "main",
      addresses: [nameServers.everywhere, nameServers.noFragments].flatMap(addresses),
      zones: [parent, ...signed],
    },
    {
      name: "delegated",
      addresses: [nameServers.ipv4, nameServers.ipv6, nameServers.slow].flatMap(addresses),
      zones: others,
    },
  ];
}

function chain(names: readonly string[]): ZonePlan["aliases"] {
  return names.slice(1).map((target, index) => ({ name: names[index] ?? "", target }));
}

/** Pages are faults too, and have one entry. */
function uniqueHosts(all: readonly HostPlan[]): readonly HostPlan[] {
  return [...new Map(all.map((host) => [host.name, host])).values()];
}
