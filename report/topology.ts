/** What a picture of a lab shows: who is behind whom, and what each network gives. Taken from the plan, or from a running lab. */
import { type Scenario, traits } from "../plan/scenario";

export interface Topology {
  readonly lab: string;
  /** What the uplink leads to, in a word or two. */
  readonly internet: string;
  /** What is to be said of the uplink. */
  readonly uplink: string;
  /** Undefined: no network is translated. */
  readonly nat64Prefix: string | undefined;
  readonly gateway: string;
  readonly networks: readonly TopologyNetwork[];
}

export interface TopologyNetwork {
  readonly name: string;
  /** The scenario's own term. */
  readonly term: string;
  /** IPv6 first. */
  readonly prefixes: readonly string[];
  /** What leads to which family from there, in a few words. */
  readonly ways: string;
  /** Names of the clients that are on it. */
  readonly clients: readonly string[];
}

/** The part of a plan (LabPlan), or of what a running lab was promised, that a picture shows. */
export interface Drawable {
  readonly project: string;
  readonly stack: string;
  readonly nat64: { readonly prefix: string };
  readonly networks: readonly {
    readonly name: string;
    readonly scenario: Scenario;
    readonly ipv6?: { readonly prefix: string } | undefined;
    readonly ipv4?: { readonly prefix: string } | undefined;
    readonly resolver: "dns64" | "plain";
    readonly translated: boolean;
  }[];
}

export interface Surroundings {
  /** Which internet lies behind the gateway. */
  readonly internet: "real" | "simulated" | "both";
  readonly uplink: { readonly kind: string; readonly ipv6: string };
  readonly gateway: string;
}

const internets: Readonly<Record<Surroundings["internet"], string>> = {
  real: "internet",
  simulated: "simulated internet",
  both: "internet, real and simulated",
};

/** @param clients where each of them is: at home, or where it has gone. */
export function topologyOf(
  { project, stack, nat64, networks }: Drawable,
  { internet, uplink, gateway }: Surroundings,
  clients: readonly { readonly name: string; readonly network: string }[],
): Topology {
  return {
    lab: `${project}/${stack}`,
    internet: internets[internet],
    uplink: `uplink: ${uplink.kind}, IPv6 ${uplink.ipv6}`,
    nat64Prefix: networks.some(({ translated }) => translated) ? nat64.prefix : undefined,
    gateway,
    networks: networks.map((network) => ({
      name: network.name,
      term: traits[network.scenario].term,
      prefixes: [network.ipv6, network.ipv4].flatMap((family) => family?.prefix ?? []),
      ways: waysOf(network),
      clients: clients.filter((client) => client.network === network.name).map(({ name }) => name),
    })),
  };
}

function waysOf({ scenario, resolver, translated }: Drawable["networks"][number]): string {
  const { ipv4, ipv6, ipv6OnlyPreferred } = traits[scenario];
  return [
    ...(ipv6 ? ["IPv6"] : []),
    ...(ipv4 ? [ipv6OnlyPreferred ? "IPv4 (NAT44, option 108)" : "IPv4 (NAT44)"] : []),
    ...(translated ? [resolver === "dns64" ? "NAT64 with DNS64" : "NAT64 without DNS64"] : []),
    ...(ipv4 || translated ? [] : ["no way to IPv4"]),
  ].join(" · ");
}
