/**
 * The ways through the simulated internet. A destination's prefix chooses the path: whoever has an address there is
 * reached over it, and answers over it. Names therefore choose paths, and each family of a name its own.
 */
import { containsAddress, formatIpv6, parseIpv4, parseIpv4Prefix, parseIpv6 } from "../prefix";

/**
 * All of it lies in these two, which belong to documentation (RFC 5737, RFC 9637): nobody real has such an address, and
 * by RFC 6724 a host prefers 3fff::/20 over IPv4 as it does any global address, unlike a unique local one. Of the three
 * IPv4 blocks only this one: networks exist that use the other two inside, for example for a package mirror.
 */
export const internetPrefixes = { ipv4: "192.0.2.0/24", ipv6: "3fff:10::/32" } as const;

/** One address of each family; undefined: it has none. */
export interface AddressPair {
  readonly ipv4: string;
  readonly ipv6: string;
}

/**
 * The address pair whose IPv4 address ends in `octet`, in the subnet that begins at `base`. Both families show both
 * numbers: 192.0.2.42 is the twin of 3fff:10:0:32::42.
 */
function pair(base: number, octet: number): AddressPair {
  return { ipv4: `192.0.2.${octet}`, ipv6: formatIpv6(parseIpv6(`3fff:10:0:${base}::${octet}`)) };
}

interface Subnet {
  readonly base: number;
  readonly ipv4: string;
  readonly ipv6: string;
}

function subnet(base: number, length = 29): Subnet {
  return { base, ipv4: `192.0.2.${base}/${length}`, ipv6: `3fff:10:0:${base}::/64` };
}

/** A delay and what goes with it, in the words of tc-netem(8), for packets in one direction. */
export interface Netem {
  readonly toServers?: string;
  readonly fromServers?: string;
}

export interface PathPlan extends Subnet {
  /** Also the name of the path's card, in the router's namespace and in the servers'. */
  readonly name: string;
  readonly title: string;
  /** Octets; undefined: as the rest. */
  readonly mtu?: number;
  /** Whether the router says Packet Too Big, and IPv4's fragmentation needed. */
  readonly tooBig: boolean;
  /** Whether fragments come through. */
  readonly fragments: boolean;
  readonly netem: Netem;
}

function path(name: string, title: string, base: number, rest: Partial<PathPlan> = {}, length?: number): PathPlan {
  return { ...{ name, title, tooBig: true, fragments: true, netem: {} }, ...subnet(base, length), ...rest };
}

/** The same for both directions. */
function bothWays(netem: string): Netem {
  return { toServers: netem, fromServers: netem };
}

/** Milliseconds of the sweep: around the attempt delay of 250 (RFC 8305 section 8), below and far above it. */
export const sweepDelays = [50, 100, 150, 200, 250, 300, 400, 500, 1000, 2000] as const;

const sweepBase = 128;

/** Octets: what fits every way by IPv6 (RFC 8200 section 5). */
export const smallMtu = 1280;

export const paths: readonly PathPlan[] = [
  path("clean", "nothing is wrong", 32, {}, 27),
  path("mtu-1280", "MTU 1280, and Packet Too Big says so", 64, { mtu: smallMtu }),
  path("mtu-silent", "MTU 1280, and Packet Too Big is filtered", 72, { mtu: smallMtu, tooBig: false }),
  path("no-fragments", "fragments are dropped", 80, { fragments: false }),
  path("mobile", "a mobile network: 40 ms ± 10 ms each way, 0.5 % loss, 10 Mbit/s", 88, {
    netem: bothWays("delay 40ms 10ms distribution normal loss 0.5% rate 10mbit"),
  }),
  path("satellite", "a geostationary satellite: 300 ms each way, 5 Mbit/s", 96, {
    netem: bothWays("delay 300ms rate 5mbit"),
  }),
  path("bad-wifi", "bad Wi-Fi: 5 ms ± 15 ms each way, 4 % loss in bursts", 104, {
    netem: bothWays("delay 5ms 15ms loss 4% 25%"),
  }),
  path("slow-names", "name servers one second away", 112, { netem: { toServers: "delay 1000ms" } }),
  ...sweepDelays.map((delay, index) =>
    path(`delay-${delay}`, `${delay} ms more than the clean path`, sweepBase + 8 * index, {
      netem: { toServers: `delay ${delay}ms` },
    }),
  ),
];

/** Prefixes behind which nobody is, as routers treat what they cannot deliver. */
export interface DeadEndPlan extends Subnet {
  /** `blackhole`: silence. `unreachable`: ICMP says so. The words of ip-route(8). */
  readonly kind: "blackhole" | "unreachable";
}

export const deadEnds: readonly DeadEndPlan[] = [
  { kind: "blackhole", ...subnet(8) },
  { kind: "unreachable", ...subnet(16) },
];

/** Where the proxies are: behind the router, beside the servers. */
export const proxySubnet = subnet(24);

/** Between the gateway and the router. */
const linkSubnet = subnet(0);

export const link = { gateway: pair(0, 1), router: pair(0, 2) } as const;

export const subnets: readonly Subnet[] = [linkSubnet, ...deadEnds, proxySubnet, ...paths];

/** The address pair that ends in `octet`, in whichever subnet it lies. */
export function place(octet: number): AddressPair {
  const address = parseIpv4(`192.0.2.${octet}`);
  const home = subnets.find(({ ipv4 }) => containsAddress(parseIpv4Prefix(ipv4), address));
  if (home === undefined) throw new Error(`Bug: 192.0.2.${octet} lies on no path of the simulated internet.`);
  return pair(home.base, octet);
}

/** The first usable place on a path. */
export function placeOn(name: string): AddressPair {
  const found = paths.find((each) => each.name === name);
  if (found === undefined) throw new Error(`Bug: the simulated internet has no path ${name}.`);
  return place(found.base + 1);
}
