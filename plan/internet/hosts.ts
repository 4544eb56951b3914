/** Who is in the simulated internet: names, and the addresses that they lead to. */
import { place, placeOn, type AddressPair } from "./paths";

/** The zone that holds all of it: a top-level name that never leads to anybody real (RFC 6761 section 6.2). */
export const zone = "test";

/** Address records of a name. */
export interface HostPlan {
  /** Without a final dot. */
  readonly name: string;
  readonly a: readonly string[];
  readonly aaaa: readonly string[];
}

export function dualStack(name: string, { ipv4, ipv6 }: AddressPair): HostPlan {
  return { name: `${name}.${zone}`, a: [ipv4], aaaa: [ipv6] };
}

export function ipv4Only(name: string, { ipv4 }: AddressPair): HostPlan {
  return { name: `${name}.${zone}`, a: [ipv4], aaaa: [] };
}

export function ipv6Only(name: string, { ipv6 }: AddressPair): HostPlan {
  return { name: `${name}.${zone}`, a: [], aaaa: [ipv6] };
}

/** Name servers. Two processes answer: one for the zones that everybody reaches, one for what is delegated to the rest. */
export const nameServers = {
  everywhere: dualStack("ns", place(33)),
  ipv4: ipv4Only("ns-v4", place(34)),
  ipv6: ipv6Only("ns-v6", place(35)),
  slow: dualStack("ns-slow", placeOn("slow-names")),
  noFragments: dualStack("ns-no-fragments", placeOn("no-fragments")),
} as const;

/** A name whose TXT record is larger than any datagram that goes in one piece. */
export const bigName = `big.${zone}`;

/** Servers whose addresses behave otherwise than the rest. */
export const oddPlaces = {
  /** TCP is refused with a reset. */
  refusing: place(50),
  /** The TLS handshake fails after TCP has connected. */
  brokenTls: place(51),
  /** Packets to port 443 vanish. */
  silentHttps: place(52),
  /** Packets to port 80 vanish. */
  silentHttp: place(53),
  /** Another server than the one that was meant. */
  other: place(54),
} as const;

export const good = place(42);

/** Where a verification listens for a while, to try what a translator does with datagrams: their first and second place. */
export const reflectors = [place(58), place(59)] as const;

/** Pages that say or need what a client without IPv4 (or IPv6) stumbles over. */
export const pages = {
  ipv4Literals: dualStack("ipv4-literals", place(43)),
  ipv6Literals: dualStack("ipv6-literals", place(43)),
  thirdParties: dualStack("third-parties", place(43)),
  redirect: dualStack("redirect-literal", place(43)),
} as const;

export const ipv4OnlyServer = ipv4Only("v4only", place(40));

/** The servers of the base connectivity scenarios, and those behind paths that are only slow or narrow. */
export const hosts: readonly HostPlan[] = [
  ipv4OnlyServer,
  ipv6Only("v6only", place(41)),
  dualStack("dualstack", good),
  dualStack("other", oddPlaces.other),
  ...Object.values(pages),
  ...["cdn", "fonts", "tracker"].map((name) => ipv4Only(`${name}.v4only`, place(40))),
  ...["mtu-1280", "mobile", "satellite", "bad-wifi"].map((name) => dualStack(name, placeOn(name))),
];

/** A proxy with the families of a base scenario, on both its sides. */
export interface ProxyPlan {
  readonly name: "v4only" | "dual" | "strict";
  readonly scenario: "ipv4-only" | "dual-stack" | "ipv6-only-strict";
  readonly host: HostPlan;
  readonly httpPort: number;
  readonly socksPort: number;
}

const ports = { httpPort: 3128, socksPort: 1080 };

export const proxies: readonly ProxyPlan[] = [
  { name: "v4only", scenario: "ipv4-only", host: ipv4Only("proxy-v4only", place(25)), ...ports },
  { name: "dual", scenario: "dual-stack", host: dualStack("proxy-dual", place(26)), ...ports },
  { name: "strict", scenario: "ipv6-only-strict", host: ipv6Only("proxy-strict", place(27)), ...ports },
];
