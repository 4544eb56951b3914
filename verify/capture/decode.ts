/** What a captured Ethernet frame says, as far as a person wants it in a line. */
import { createHash } from "node:crypto";
import { formatIpv4 } from "../../plan/prefix";
import { Reader } from "../wire/reader";

export interface Decoded {
  /** Of the frame, `aa:bb:…`. */
  readonly sourceMac: string;
  readonly destinationMac: string;
  /** Undefined: no IP packet. */
  readonly ip: IpPacket | undefined;
  /** What is in it, e.g. `SYN` or `echo request`. */
  readonly text: string;
}

export interface IpPacket {
  readonly family: "ipv4" | "ipv6";
  readonly source: string;
  readonly destination: string;
  readonly protocol: "TCP" | "UDP" | "ICMP" | "other";
  /** IANA's number of what is inside; of a fragment what it is a piece of. */
  readonly inside: number;
  /** Octets of the packet without the link layer. */
  readonly length: number;
  /** Ports; of an ICMP echo its identifier, twice. */
  readonly sourcePort: number | undefined;
  readonly destinationPort: number | undefined;
  /** What a translator leaves as it is (RFC 7915): by it a packet is known on the other side. Undefined: nothing is. */
  readonly mark: string | undefined;
}

const ethernetTypes: Readonly<Record<number, string>> = { 0x0806: "ARP", 0x8100: "VLAN", 0x88cc: "LLDP" };
/** IPv6 extension headers that say how long they are (RFC 8200 section 4.2). */
const skippable = new Set([0, 43, 60]);
const fragmentHeader = 44;
const protocols = { icmp: 1, tcp: 6, udp: 17, icmpv6: 58 } as const;

/** Of a frame that was cut short, what can be read. */
export function decode(octets: Buffer): Decoded {
  const frame = new Reader(octets);
  if (frame.left < 14) return { sourceMac: "", destinationMac: "", ip: undefined, text: "a frame that is cut short" };
  const [destinationMac, sourceMac] = [mac(frame), mac(frame)];
  const type = frame.u16();
  try {
    if (type === 0x86dd) return { sourceMac, destinationMac, ...ipv6(frame) };
    if (type === 0x0800) return { sourceMac, destinationMac, ...ipv4(frame) };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return { sourceMac, destinationMac, ip: undefined, text: "a packet that is cut short" };
  }
  return {
    sourceMac,
    destinationMac,
    ip: undefined,
    text: ethernetTypes[type] ?? `Ethernet type 0x${type.toString(16)}`,
  };
}

function mac(frame: Reader): string {
  return [...frame.take(6)].map((octet) => octet.toString(16).padStart(2, "0")).join(":");
}

type Content = Pick<Decoded, "ip" | "text">;
type Head = Pick<IpPacket, "family" | "source" | "destination" | "length" | "inside">;

function ipv6(packet: Reader): Content {
  packet.take(4);
  const payload = packet.u16();
  let next = packet.u8();
  packet.take(1);
  const [source, destination] = [packet.address(), packet.address()];
  // An Ethernet frame may be longer than what it holds.
  const body = packet.sub(Math.min(payload, packet.left));
  const head = { family: "ipv6", source, destination, length: 40 + payload } as const;
  while (skippable.has(next)) {
    next = body.u8();
    body.take(body.u8() * 8 + 6);
  }
  if (next === fragmentHeader) {
    const inside = body.u8();
    body.take(1);
    const offset = body.u16() >> 3;
    return fragment({ ...head, inside }, offset * 8);
  }
  return transport({ ...head, inside: next }, body);
}

function ipv4(packet: Reader): Content {
  const headerLength = (packet.u8() & 0xf) * 4;
  packet.take(1);
  const length = packet.u16();
  packet.take(2);
  const flags = packet.u16();
  packet.take(1);
  const protocol = packet.u8();
  packet.take(2);
  const [source, destination] = [formatIpv4(BigInt(packet.u32())), formatIpv4(BigInt(packet.u32()))];
  packet.take(headerLength - 20);
  const body = packet.sub(Math.min(length - headerLength, packet.left));
  const head: Head = { family: "ipv4", source, destination, length, inside: protocol };
  if ((flags & 0x3fff) !== 0) return fragment(head, (flags & 0x1fff) * 8);
  return transport(head, body);
}

/** Only the first of a packet's fragments has ports: none of them is told by a transport's marks. */
function fragment(head: Head, offset: number): Content {
  const ip = {
    ...head,
    protocol: "other",
    sourcePort: undefined,
    destinationPort: undefined,
    mark: undefined,
  } as const;
  return { ip, text: `a fragment, from octet ${offset}` };
}

function transport(head: Head, body: Reader): Content {
  switch (head.inside) {
    case protocols.tcp:
      return tcp(head, body);
    case protocols.udp:
      return udp(head, body);
    case protocols.icmp:
    case protocols.icmpv6:
      return icmp(head, body, head.inside === protocols.icmp ? icmpNames : icmpv6Names);
    default:
      return {
        ip: { ...head, protocol: "other", sourcePort: undefined, destinationPort: undefined, mark: undefined },
        text: `IP protocol ${head.inside}`,
      };
  }
}

const tcpFlags = ["FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR"];

function tcp(head: Head, body: Reader): Content {
  const [sourcePort, destinationPort] = [body.u16(), body.u16()];
  const [sequence, acknowledged] = [body.u32(), body.u32()];
  const headerLength = (body.u8() >> 4) * 4;
  const flags = body.u8();
  body.take(headerLength - 14);
  const payload = body.take(body.left);
  const names = tcpFlags.filter((_, bit) => (flags & (1 << bit)) !== 0);
  const mark = `${sequence} ${acknowledged} ${flags} ${digest(payload)}`;
  const size = payload.length === 0 ? [] : [octetsText(payload.length)];
  return {
    ip: { ...head, protocol: "TCP", sourcePort, destinationPort, mark },
    text: [...names, ...size].join(" ") || "no flags",
  };
}

function udp(head: Head, body: Reader): Content {
  const [sourcePort, destinationPort] = [body.u16(), body.u16()];
  body.take(4);
  const payload = body.take(body.left);
  return {
    ip: { ...head, protocol: "UDP", sourcePort, destinationPort, mark: digest(payload) },
    text: octetsText(payload.length),
  };
}

interface IcmpNames {
  readonly request: number;
  readonly reply: number;
  readonly names: Readonly<Record<string, string>>;
}

/** By the type, or by type and code. */
const icmpNames: IcmpNames = {
  request: 8,
  reply: 0,
  names: { 3: "destination unreachable", "3/4": "fragmentation needed", 11: "time exceeded", 12: "parameter problem" },
};
const icmpv6Names: IcmpNames = {
  request: 128,
  reply: 129,
  names: {
    1: "destination unreachable",
    2: "packet too big",
    3: "time exceeded",
    4: "parameter problem",
    130: "multicast listener query",
    131: "multicast listener report",
    133: "router solicitation",
    134: "router advertisement",
    135: "neighbour solicitation",
    136: "neighbour advertisement",
    143: "multicast listener report",
  },
};

function icmp(head: Head, body: Reader, { request, reply, names }: IcmpNames): Content {
  const [type, code] = [body.u8(), body.u8()];
  body.take(2);
  if (type !== request && type !== reply) {
    const text = names[`${type}/${code}`] ?? names[type] ?? `type ${type}`;
    const none = { sourcePort: undefined, destinationPort: undefined, mark: undefined };
    return { ip: { ...head, protocol: "ICMP", ...none }, text: `${text}${code === 0 ? "" : `, code ${code}`}` };
  }
  const [identifier, sequence] = [body.u16(), body.u16()];
  const what = type === request ? "request" : "reply";
  const mark = `${what} ${sequence} ${digest(body.take(body.left))}`;
  return {
    ip: { ...head, protocol: "ICMP", sourcePort: identifier, destinationPort: identifier, mark },
    text: `echo ${what} ${sequence}`,
  };
}

function digest(payload: Buffer): string {
  return payload.length === 0 ? "" : createHash("sha1").update(payload).digest("base64");
}

function octetsText(count: number): string {
  return `${count} octet${count === 1 ? "" : "s"}`;
}
