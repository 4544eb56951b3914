/** Router advertisements (RFC 4861 section 4.2), as lines that can be compared with the plan's. */
import { formatIpv6 } from "../../plan/prefix";
import type { RouterAdvertisementPlan } from "../../plan/model";
import { type Reader, readPacket } from "./reader";

/** The IPv6 packet of an advertisement; undefined: it is none that a host would believe (RFC 4861 section 6.1.2). */
export function readAdvertisement(octets: string) {
  return readPacket(octets, (packet) => {
    packet.take(7);
    const hopLimit = packet.u8();
    const router = packet.address();
    packet.take(16);
    const [type, code] = [packet.u8(), packet.u8()];
    packet.take(2);
    const clientsHopLimit = packet.u8();
    if (hopLimit !== 255 || type !== 134 || code !== 0) {
      return undefined;
    }
    const flags = packet.u8();
    const says = [line.router(packet.u16(), (flags & 0x80) !== 0, (flags & 0x40) !== 0)];
    says.push(...unusual(clientsHopLimit, (flags >> 3) & 3, packet.u32(), packet.u32()));
    while (packet.left > 0) {
      const kind = packet.u8();
      const length = packet.u8() * 8 - 2;
      says.push(...optionLines(kind, packet.sub(length)));
    }
    /** `says`: what it announces, one line each; sorted. What it withdraws (lifetime 0) is not there. */
    return { router, says: says.sort() };
  });
}

interface Announcing {
  readonly prefix: string;
  readonly gatewayAddress: string;
  readonly routerAdvertisements: Omit<RouterAdvertisementPlan, "pref64"> & {
    readonly pref64?: RouterAdvertisementPlan["pref64"];
  };
}

interface Announced {
  readonly mtu: number;
  readonly ipv6?: Announcing | undefined;
}

/** The lines of the advertisements that the plan promises. */
export function plannedAdvertisement({ mtu, ipv6 }: Announced): string[] {
  if (ipv6 === undefined) return [];
  const { prefix, gatewayAddress, routerAdvertisements: ra } = ipv6;
  const [network = "", length] = prefix.split("/");
  const address = ra.prefix.routerAddress ? gatewayAddress : network;
  return [
    line.router(ra.routerLifetime, ra.managed, ra.otherConfig),
    line.mtu(mtu),
    line.prefix(`${address}/${length}`, ra.prefix, ra.prefix.validLifetime, ra.prefix.preferredLifetime),
    ...ra.rdnss.servers.map((server) => line.rdnss(server, ra.rdnss.lifetime)),
    ...ra.dnssl.domains.map((domain) => line.dnssl(domain, ra.dnssl.lifetime)),
    ...(ra.pref64 === undefined ? [] : [line.pref64(ra.pref64.prefix, ra.pref64.lifetime)]),
  ].sort();
}

type PrefixBits = Readonly<Record<"onLink" | "autonomous" | "routerAddress", boolean>>;

/** How each thing that is announced is written. Lifetimes of 2^32-1 are without end (RFC 4861 section 4.6.2). */
const line = {
  router: (lifetime: number, managed: boolean, otherConfig: boolean) =>
    `router lifetime ${lifetime} s, M=${Number(managed)} O=${Number(otherConfig)}`,
  mtu: (mtu: number) => `MTU ${mtu}`,
  prefix: (prefix: string, { onLink, autonomous, routerAddress }: PrefixBits, valid: number, preferred: number) => {
    const letters = `${onLink ? "L" : ""}${autonomous ? "A" : ""}${routerAddress ? "R" : ""}`;
    return `prefix ${prefix} ${letters || "without flags"}, valid ${valid} s, preferred ${preferred} s`;
  },
  rdnss: (server: string, lifetime: number) => `RDNSS ${server} for ${lifetime} s`,
  dnssl: (domain: string, lifetime: number) => `DNSSL ${domain} for ${lifetime} s`,
  pref64: (prefix: string, lifetime: number) => `PREF64 ${prefix} for ${lifetime} s`,
};

/** RFC 4191 section 2.2. */
const preferences = ["medium", "high", "reserved", "low"];

/** What no configuration of a lab changes (radvd.conf(5) has the defaults), where it is otherwise. Milliseconds. */
function unusual(hopLimit: number, preference: number, reachable: number, retransmission: number): string[] {
  return [
    ...(hopLimit === 64 ? [] : [`hop limit ${hopLimit}`]),
    ...(preference === 0 ? [] : [`preference ${preferences[preference] ?? "?"}`]),
    ...(reachable === 0 ? [] : [`reachable time ${reachable} ms`]),
    ...(retransmission === 0 ? [] : [`retransmission timer ${retransmission} ms`]),
  ];
}

/** PREF64's lengths by their code (RFC 8781 section 4). */
const pref64Lengths = [96, 64, 56, 48, 40, 32];

function optionLines(kind: number, option: Reader): string[] {
  switch (kind) {
    // The router's MAC, which every packet of its own has too.
    case 1:
      return [];
    case 3: {
      const [length, flags] = [option.u8(), option.u8()];
      const [valid, preferred] = [option.u32(), option.u32()];
      option.take(4);
      const bits = {
        onLink: (flags & 0x80) !== 0,
        autonomous: (flags & 0x40) !== 0,
        routerAddress: (flags & 0x20) !== 0,
      };
      return valid === 0 ? [] : [line.prefix(`${option.address()}/${length}`, bits, valid, preferred)];
    }
    case 5:
      option.take(2);
      return [line.mtu(option.u32())];
    case 25:
      option.take(2);
      return announced(option.u32(), option.addresses(), line.rdnss);
    case 31:
      option.take(2);
      return announced(option.u32(), option.names(), line.dnssl);
    case 38: {
      const scaled = option.u16();
      const bits = BigInt(`0x${option.take(12).toString("hex")}`) << 32n;
      const prefix = `${formatIpv6(bits)}/${pref64Lengths[scaled & 7] ?? "?"}`;
      return announced(scaled & ~7, [prefix], line.pref64);
    }
    default:
      return [kind === 24 ? "a route of its own (RFC 4191)" : `option ${kind}`];
  }
}

function announced(lifetime: number, items: readonly string[], write: (item: string, lifetime: number) => string) {
  return lifetime === 0 ? [] : items.map((item) => write(item, lifetime));
}
