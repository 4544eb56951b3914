/** Answers as they come over the wire, in hexadecimal, written down apart from what reads them. */
import { parseIpv4, parseIpv6 } from "../../plan/prefix";

function hex(value: number, octets: number): string {
  return value.toString(16).padStart(octets * 2, "0");
}

function address(text: string): string {
  return parseIpv6(text).toString(16).padStart(32, "0");
}

function names(domains: readonly string[]): string {
  const label = (text: string): string => `${hex(text.length, 1)}${Buffer.from(text).toString("hex")}`;
  return domains.map((domain) => `${domain.split(".").map(label).join("")}00`).join("");
}

/** Options of the default configuration's advertisements (RFC 4861 section 4.6, RFC 8106, RFC 8781). */
export const options = {
  prefix: (prefix = "fc01:0:0:1::1", flags = "e0", valid = 86_400, preferred = 14_400, length = 64) =>
    `0304${hex(length, 1)}${flags}${hex(valid, 4)}${hex(preferred, 4)}00000000${address(prefix)}`,
  mtu: (mtu = 1500) => `05010000${hex(mtu, 4)}`,
  rdnss: (lifetime = 30, ...servers: string[]) => {
    const all = servers.length === 0 ? ["fc01:0:0:1::1"] : servers;
    return `19${hex(1 + 2 * all.length, 1)}0000${hex(lifetime, 4)}${all.map(address).join("")}`;
  },
  dnssl: (lifetime: number, ...domains: string[]) => {
    const text = names(domains);
    const padded = text.padEnd(Math.ceil(text.length / 16) * 16, "0");
    return `1f${hex(1 + padded.length / 16, 1)}0000${hex(lifetime, 4)}${padded}`;
  },
  /** The lifetime in units of 8 seconds, then the length's code. */
  pref64: (prefix = "64:ff9b::", lifetime = 32, code = 0) =>
    `2602${hex(lifetime + code, 2)}${address(prefix).slice(0, 24)}`,
  sourceLinkLayer: () => "01015a1f793f4b03",
};

const usual = [options.prefix(), options.pref64(), options.rdnss(), options.mtu(), options.sourceLinkLayer()];

interface Head {
  readonly router?: string;
  readonly hopLimit?: number;
  readonly type?: string;
  readonly code?: string;
  readonly flags?: string;
  readonly lifetime?: number;
  /** Cur Hop Limit, two digits; Reachable Time and Retrans Timer, eight each. */
  readonly clients?: string;
  readonly timers?: string;
}

/** The IPv6 packet of a router advertisement. */
export function advertisement(all: readonly string[] = usual, head: Head = {}): string {
  const { router = "fe80::581f:79ff:fe3f:4b03", hopLimit = 255, type = "86", code = "00", flags = "40" } = head;
  const { clients = "40", timers = "0000000000000000" } = head;
  const body = `${type}${code}9594${clients}${flags}${hex(head.lifetime ?? 30, 2)}${timers}${all.join("")}`;
  return `${ipv6(58, hopLimit, router, body.length / 2)}${body}`;
}

/** The IPv6 packet of a neighbour advertisement (RFC 4861 section 4.4). */
export function neighbourAdvertisement(target: string): string {
  return `${ipv6(58, 255, target, 32)}88007bd960000000${address(target)}02018a711e21427f`;
}

/** The IPv6 packet of an ICMPv6 error about a packet to somewhere (RFC 4443 section 3.1). */
export function unreachable(code: number, to: string): string {
  const invoking = `6000000000151140${address("2001:2:0:6600::1")}${address(to)}c35000090015c0a8`;
  const body = `01${hex(code, 1)}000000000000${invoking}`;
  return `${ipv6(58, 64, "2001:2:0:6600::1", body.length / 2)}${body}`;
}

interface Lease {
  readonly server?: string;
  readonly dns?: readonly string[];
  readonly domains?: readonly string[];
  readonly addresses?: readonly string[];
  readonly transaction?: string;
}

/** The IPv6 packet of a DHCPv6 server's answer (RFC 8415). */
export function dhcpv6(kind: "advertise" | "reply" | "relay", lease: Lease = {}): string {
  const { server = "fe80::581f:79ff:fe3f:4b03", dns: servers = [], domains = [], addresses = [] } = lease;
  const option = (code: number, data: string): string => `${hex(code, 2)}${hex(data.length / 2, 2)}${data}`;
  const ia = addresses.map((each) => option(5, `${address(each)}0000025800001c20`)).join("");
  const message = [
    { advertise: "02", reply: "07", relay: "0d" }[kind],
    lease.transaction ?? "6c6162",
    option(2, "0003000186000000f245"),
    ...(addresses.length === 0 ? [] : [option(3, `000000010000000000000000${ia}`)]),
    ...(servers.length === 0 ? [] : [option(23, servers.map(address).join(""))]),
    ...(domains.length === 0 ? [] : [option(24, names(domains))]),
  ].join("");
  return `${ipv6(17, 64, server, 8 + message.length / 2)}02230222${hex(8 + message.length / 2, 2)}0000${message}`;
}

/** A resolver's answer: the question, a CNAME, and addresses under a compressed name. */
export function dns(rcode: number, ...addresses: readonly string[]): string {
  const record = (type: string, data: string): string => `c00c${type}00010000003c${hex(data.length / 2, 2)}${data}`;
  const records = addresses.map((each) =>
    each.includes(":") ? record("001c", address(each)) : record("0001", hex(Number(parseIpv4(each)), 4)),
  );
  const all = records.length === 0 ? [] : [record("0005", names(["cdn.example"])), ...records];
  return `6c618${hex(0x180 + rcode, 2).slice(1)}0001${hex(all.length, 2)}00000000${names(["mirror.example"])}001c0001${all.join("")}`;
}

function ipv6(protocol: number, hopLimit: number, source: string, length: number): string {
  return `60000000${hex(length, 2)}${hex(protocol, 1)}${hex(hopLimit, 1)}${address(source)}${address("ff02::1")}`;
}
