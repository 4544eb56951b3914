/** Packets, byte for byte, as probes/wire.py sends them. */
import { parseIpv4, parseIpv6 } from "../../plan/prefix";

const icmpv6 = 58;
const udp = 17;
const allRouters = "ff02::2";

/** A UDP datagram to the discard port (RFC 863): nobody answers it, and whoever refuses it has counted it. */
export const discard = { port: 9, payload: Buffer.from("ipv6-only-lab") } as const;

function ipv6Bytes(address: string): Buffer {
  return Buffer.from(parseIpv6(address).toString(16).padStart(32, "0"), "hex");
}

function ipv4Bytes(address: string): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(Number(parseIpv4(address)));
  return bytes;
}

function macBytes(mac: string): Buffer {
  return Buffer.from(mac.replaceAll(":", ""), "hex");
}

export interface Ends {
  readonly source: string;
  readonly destination: string;
}

interface Cards {
  readonly from: string;
  readonly to: string;
}

/** RFC 4861 section 4.1. The answer comes to the link-local source. */
export function routerSolicitation(mac: string, linkLocal: string): Buffer {
  const body = Buffer.concat([Buffer.alloc(4), linkLayerAddress(mac)]);
  return toMulticast(mac, { source: linkLocal, destination: allRouters }, icmpv6Message(133, body));
}

/** RFC 4861 section 4.3, of an address of one's own: whoever answers has it too. */
export function neighbourSolicitation(mac: string, linkLocal: string, target: string): Buffer {
  const address = ipv6Bytes(target);
  const solicitedNode = `ff02::1:ff${address.toString("hex", 13, 14)}:${address.toString("hex", 14)}`;
  const body = Buffer.concat([Buffer.alloc(4), address, linkLayerAddress(mac)]);
  return toMulticast(mac, { source: linkLocal, destination: solicitedNode }, icmpv6Message(135, body));
}

/** @param port that it comes from, by which it is known again. */
export function discardFrame(cards: Cards, ends: Ends, port: number): Buffer {
  return ethernet(
    cards,
    0x86dd,
    ipv6Packet(ends, udp, 64, (pseudoHeader) => udpDatagram(port, pseudoHeader)),
  );
}

/** The same over IPv4. */
export function discardFrameIpv4(cards: Cards, { source, destination }: Ends): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(20 + 8 + discard.payload.length);
  const head = Buffer.concat([
    Buffer.from([0x45, 0]),
    length,
    Buffer.from([0, 0, 0, 0, 64, udp, 0, 0]),
    ipv4Bytes(source),
    ipv4Bytes(destination),
  ]);
  head.writeUInt16BE(checksum(head), 10);
  // A checksum of zero is none (RFC 768).
  return ethernet(cards, 0x0800, Buffer.concat([head, udpDatagram(discard.port)]));
}

/** Source or target link-layer address option (RFC 4861 section 4.6.1): type 1, in units of 8 octets. */
function linkLayerAddress(mac: string): Buffer {
  return Buffer.concat([Buffer.from([1, 1]), macBytes(mac)]);
}

type Upper = (pseudoHeader: (length: number) => Buffer) => Buffer;

function icmpv6Message(type: number, body: Buffer): Upper {
  return (pseudoHeader) => {
    const message = Buffer.concat([Buffer.from([type, 0, 0, 0]), body]);
    message.writeUInt16BE(checksum(Buffer.concat([pseudoHeader(message.length), message])), 2);
    return message;
  };
}

function udpDatagram(from: number, pseudoHeader?: (length: number) => Buffer): Buffer {
  const { port, payload } = discard;
  const head = Buffer.alloc(8);
  head.writeUInt16BE(from, 0);
  head.writeUInt16BE(port, 2);
  head.writeUInt16BE(head.length + payload.length, 4);
  const datagram = Buffer.concat([head, payload]);
  if (pseudoHeader !== undefined) {
    datagram.writeUInt16BE(checksum(Buffer.concat([pseudoHeader(datagram.length), datagram])), 6);
  }
  return datagram;
}

/** RFC 2464 section 7: the group's last four octets behind 33:33. Neighbour discovery wants a hop limit of 255. */
function toMulticast(from: string, ends: Ends, upper: Upper): Buffer {
  const to = `3333${ipv6Bytes(ends.destination).toString("hex", 12)}`;
  return ethernet({ from, to }, 0x86dd, ipv6Packet(ends, icmpv6, 255, upper));
}

function ipv6Packet({ source, destination }: Ends, protocol: number, hopLimit: number, upper: Upper): Buffer {
  const addresses = Buffer.concat([ipv6Bytes(source), ipv6Bytes(destination)]);
  const payload = upper((length) => {
    const rest = Buffer.alloc(8);
    rest.writeUInt32BE(length, 0);
    rest.writeUInt8(protocol, 7);
    return Buffer.concat([addresses, rest]);
  });
  const head = Buffer.from([0x60, 0, 0, 0, 0, 0, protocol, hopLimit]);
  head.writeUInt16BE(payload.length, 4);
  return Buffer.concat([head, addresses, payload]);
}

function ethernet({ from, to }: Cards, etherType: number, payload: Buffer): Buffer {
  const type = Buffer.alloc(2);
  type.writeUInt16BE(etherType);
  return Buffer.concat([macBytes(to), macBytes(from), type, payload]);
}

/** RFC 1071. */
function checksum(bytes: Buffer): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) {
    sum += at + 1 < bytes.length ? bytes.readUInt16BE(at) : bytes.readUInt8(at) << 8;
  }
  while (sum > 0xffff) {
    sum = (sum & 0xffff) + (sum >>> 16);
  }
  return ~sum & 0xffff;
}
