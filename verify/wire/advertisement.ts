/** Router advertisements (RFC 4861 section 4.2), as lines that can be compared with the plan's. */
import { formatIpv6 } from "../../plan/prefix";
import type { RouterAdvertisementPlan } from "../../plan/model";
import { type Reader, readPacket } from "./reader";

export interface Advertisement {
  readonly router: string;
  /** What it announces, one line each; sorted. What it withdraws (lifetime 0) is not there. */
  readonly says: readonly string[];
}

/** The IPv6 packet of an advertisement; undefined: it is none that a host would believe (RFC 4861 section 6.1.2). */
export function readAdvertisement(hex: string): Advertisement | undefined {
  return readPacket(hex, (packet) => {
    packet.take(7);
    const hopLimit = packet.u8();
    const router = packet.address();
    packet.take(16);
    const [type, code] = [packet.u8(), packet.u8()];
    packet.take(3);
    if (hopLimit !== 255 || type !== 134 || code !== 0) {
      return undefined;
    }
    const flags = packet.u8();
    const says = [routerLine(packet.u16(), (flags & 0x80) !== 0, (flags & 0x40) !== 0)];
    packet.take(8);
    while (packet.left > 0) {
      const kind = packet.u8();
      const length = packet.u8() * 8 - 2;
      says.push(...optionLines(kind, packet.sub(length)));
    }
    return { router, says: says.sort() };
  });
}

interface Announced {
  readonly lan: { readonly prefix: string; readonly gatewayAddress: string; readonly mtu: number };
  readonly routerAdvertisements: RouterAdvertisementPlan;
}

/** The lines of the advertisements that the plan promises. */
export function plannedAdvertisement({ lan, routerAdvertisements: ra }: Announced): string[] {
  const [network = "", length] = lan.prefix.split("/");
  const { onLink, autonomous, routerAddress, validLifetime, preferredLifetime } = ra.prefix;
  const address = routerAddress ? lan.gatewayAddress : network;
  return [
    routerLine(ra.routerLifetime, ra.managed, ra.otherConfig),
    mtuLine(lan.mtu),
    prefixLine(`${address}/${length}`, { onLink, autonomous, routerAddress }, validLifetime, preferredLifetime),
    ...ra.rdnss.servers.map((server) => rdnssLine(server, ra.rdnss.lifetime)),
    ...ra.dnssl.domains.map((domain) => dnsslLine(domain, ra.dnssl.lifetime)),
    ...(ra.pref64 === undefined ? [] : [pref64Line(ra.pref64.prefix, ra.pref64.lifetime)]),
  ].sort();
}

/** PREF64's lengths by their code (RFC 8781 section 4). */
const pref64Lengths = [96, 64, 56, 48, 40, 32];

function optionLines(kind: number, option: Reader): string[] {
  switch (kind) {
    case 3: {
      const [length, flags] = [option.u8(), option.u8()];
      const [valid, preferred] = [option.u32(), option.u32()];
      option.take(4);
      const bits = {
        onLink: (flags & 0x80) !== 0,
        autonomous: (flags & 0x40) !== 0,
        routerAddress: (flags & 0x20) !== 0,
      };
      return valid === 0 ? [] : [prefixLine(`${option.address()}/${length}`, bits, valid, preferred)];
    }
    case 5:
      option.take(2);
      return [mtuLine(option.u32())];
    case 25: {
      option.take(2);
      const lifetime = option.u32();
      return announced(lifetime, option.addresses(), rdnssLine);
    }
    case 31: {
      option.take(2);
      const lifetime = option.u32();
      return announced(lifetime, option.names(), dnsslLine);
    }
    case 38: {
      const scaled = option.u16();
      const bits = BigInt(`0x${option.take(12).toString("hex")}`) << 32n;
      const prefix = `${formatIpv6(bits)}/${pref64Lengths[scaled & 7] ?? "?"}`;
      return announced(scaled & ~7, [prefix], pref64Line);
    }
    default:
      return [];
  }
}

function announced(lifetime: number, items: readonly string[], line: (item: string, lifetime: number) => string) {
  return lifetime === 0 ? [] : items.map((item) => line(item, lifetime));
}

function routerLine(lifetime: number, managed: boolean, otherConfig: boolean): string {
  return `router lifetime ${lifetime} s, M=${Number(managed)} O=${Number(otherConfig)}`;
}

function mtuLine(mtu: number): string {
  return `MTU ${mtu}`;
}

type PrefixBits = Readonly<Record<"onLink" | "autonomous" | "routerAddress", boolean>>;

/** Lifetimes of 2^32-1 are without end (RFC 4861 section 4.6.2). */
function prefixLine(prefix: string, bits: PrefixBits, valid: number, preferred: number): string {
  const letters = `${bits.onLink ? "L" : ""}${bits.autonomous ? "A" : ""}${bits.routerAddress ? "R" : ""}`;
  return `prefix ${prefix} ${letters || "without flags"}, valid ${valid} s, preferred ${preferred} s`;
}

function rdnssLine(server: string, lifetime: number): string {
  return `RDNSS ${server} for ${lifetime} s`;
}

function dnsslLine(domain: string, lifetime: number): string {
  return `DNSSL ${domain} for ${lifetime} s`;
}

function pref64Line(prefix: string, lifetime: number): string {
  return `PREF64 ${prefix} for ${lifetime} s`;
}
