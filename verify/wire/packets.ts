/** Packets, byte for byte, as probes/wire.py sends them. */
import { parseIpv4, parseIpv6 } from "../../plan/prefix";
import { hex, hexText, octetsOf } from "./hex";

const icmpv6 = 58;
const udp = 17;
const allRouters = "ff02::2";

/** A UDP datagram to the discard port (RFC 863): nobody answers it, and whoever refuses it has counted it. */
export const discard = { port: 9, payload: hexText("ipv6-only-lab") } as const;

export interface Ends {
  readonly source: string;
  readonly destination: string;
}

interface Cards {
  readonly from: string;
  readonly to: string;
}

/** RFC 4861 section 4.1. The answer comes to the link-local source. */
export function routerSolicitation(mac: string, linkLocal: string): string {
  return toMulticast(mac, { source: linkLocal, destination: allRouters }, 133, linkLayerAddress(mac));
}

/** RFC 4861 section 4.3, of an address of one's own: whoever answers has it too. */
export function neighbourSolicitation(mac: string, linkLocal: string, target: string): string {
  const address = ipv6(target);
  const solicitedNode = `ff02::1:ff${address.slice(26, 28)}:${address.slice(28)}`;
  return toMulticast(mac, { source: linkLocal, destination: solicitedNode }, 135, `${address}${linkLayerAddress(mac)}`);
}

/**
 * @param port that it comes from, by which it is known again.
 * @param hopLimit how many routers it may pass, and one more.
 */
export function discardFrame(cards: Cards, ends: Ends, port: number, hopLimit = 64): string {
  return ethernet(cards, 0x86dd, ipv6Packet(ends, udp, hopLimit, udpHead(port), discard.payload));
}

/** The same over IPv4. */
export function discardFrameIpv4(cards: Cards, { source, destination }: Ends): string {
  // A checksum of zero is none (RFC 768).
  const datagram = `${udpHead(discard.port)}0000${discard.payload}`;
  const front = `4500${hex(20 + octetsOf(datagram), 2)}0000000040${hex(udp, 1)}`;
  return ethernet(cards, 0x0800, `${summed(front, `${ipv4(source)}${ipv4(destination)}`)}${datagram}`);
}

function ipv6(address: string): string {
  return hex(parseIpv6(address), 16);
}

function ipv4(address: string): string {
  return hex(parseIpv4(address), 4);
}

/** Source or target link-layer address option (RFC 4861 section 4.6.1): type 1, in units of 8 octets. */
function linkLayerAddress(mac: string): string {
  return `0101${macOf(mac)}`;
}

function macOf(text: string): string {
  return text.replaceAll(":", "");
}

/** What stands before the checksum. */
function udpHead(from: number): string {
  return `${hex(from, 2)}${hex(discard.port, 2)}${hex(8 + octetsOf(discard.payload), 2)}`;
}

/** RFC 2464 section 7: the group's last four octets behind 33:33. Neighbour discovery wants a hop limit of 255. */
function toMulticast(from: string, ends: Ends, type: number, body: string): string {
  const to = `3333${ipv6(ends.destination).slice(24)}`;
  return ethernet({ from, to }, 0x86dd, ipv6Packet(ends, icmpv6, 255, `${hex(type, 1)}00`, `00000000${body}`));
}

/** With a payload of what stands before and what stands behind its checksum (RFC 8200 section 8.1). */
function ipv6Packet(
  { source, destination }: Ends,
  protocol: number,
  hopLimit: number,
  front: string,
  back: string,
): string {
  const addresses = `${ipv6(source)}${ipv6(destination)}`;
  const length = octetsOf(`${front}0000${back}`);
  const payload = summed(front, back, `${addresses}${hex(length, 4)}${hex(protocol, 4)}`);
  return `60000000${hex(length, 2)}${hex(protocol, 1)}${hex(hopLimit, 1)}${addresses}${payload}`;
}

function ethernet({ from, to }: Cards, etherType: number, payload: string): string {
  return `${macOf(to)}${macOf(from)}${hex(etherType, 2)}${payload}`;
}

/** Two parts with the checksum of both, and of a pseudo-header, between them (RFC 1071). */
function summed(front: string, back: string, pseudoHeader = ""): string {
  const words = `${pseudoHeader}${front}${back}`.match(/.{2,4}/g) ?? [];
  let sum = words.reduce((total, word) => total + parseInt(word.padEnd(4, "0"), 16), 0);
  while (sum > 0xffff) {
    sum = (sum & 0xffff) + (sum >>> 16);
  }
  // The other form of zero: a datagram whose checksum is 0 has none, and IPv6 drops it (RFC 8200 section 8.1).
  return `${front}${hex(~sum & 0xffff || 0xffff, 2)}${back}`;
}
