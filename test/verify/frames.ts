/** Ethernet frames as a capture has them, written down apart from what reads them. */
import { parseIpv4, parseIpv6 } from "../../plan/prefix";

export interface FrameOptions {
  readonly from: string;
  readonly to: string;
  readonly fromPort?: number;
  readonly toPort?: number;
  readonly payload?: string;
  readonly sourceMac?: string;
  readonly destinationMac?: string;
}

const gatewayMac = "5a:1f:79:3f:4b:03";
export const clientMac = "8a:71:1e:21:42:7e";

function hex(value: number | bigint, octets: number): string {
  return value.toString(16).padStart(octets * 2, "0");
}

function frame(protocol: number, body: string, { from, to, sourceMac, destinationMac }: FrameOptions): Buffer {
  const length = body.length / 2;
  const isIpv6 = from.includes(":");
  const ip = isIpv6
    ? `60000000${hex(length, 2)}${hex(protocol, 1)}40${hex(parseIpv6(from), 16)}${hex(parseIpv6(to), 16)}`
    : `4500${hex(20 + length, 2)}0000400040${hex(protocol, 1)}0000${hex(parseIpv4(from), 4)}${hex(parseIpv4(to), 4)}`;
  const macs = [destinationMac ?? gatewayMac, sourceMac ?? clientMac].map((mac) => mac.replaceAll(":", "")).join("");
  // Ethernet fills short frames up.
  return Buffer.from(`${macs}${isIpv6 ? "86dd" : "0800"}${ip}${body}`.padEnd(120, "0"), "hex");
}

/** @param flags as in the header: 0x02 SYN, 0x10 ACK, … */
export function tcpFrame(flags: number, sequence: number, acknowledged: number, options: FrameOptions): Buffer {
  const { fromPort = 40000, toPort = 80, payload = "" } = options;
  const ports = `${hex(fromPort, 2)}${hex(toPort, 2)}`;
  const head = `${ports}${hex(sequence, 4)}${hex(acknowledged, 4)}50${hex(flags, 1)}ffff00000000`;
  return frame(6, `${head}${Buffer.from(payload).toString("hex")}`, options);
}

export function udpFrame(options: FrameOptions): Buffer {
  const { fromPort = 40000, toPort = 53, payload = "" } = options;
  const body = Buffer.from(payload).toString("hex");
  return frame(17, `${hex(fromPort, 2)}${hex(toPort, 2)}${hex(8 + body.length / 2, 2)}0000${body}`, options);
}

/** @param type 128 and 129, or 8 and 0. */
export function echoFrame(type: number, identifier: number, sequence: number, options: FrameOptions): Buffer {
  const protocol = options.from.includes(":") ? 58 : 1;
  return frame(protocol, `${hex(type, 1)}000000${hex(identifier, 2)}${hex(sequence, 2)}${"2a".repeat(8)}`, options);
}

/** A packet of another protocol, or an ICMP message of another type. */
export function rawFrame(protocol: number, body: string, options: FrameOptions): Buffer {
  return frame(protocol, body, options);
}
