/**
 * pcapng (draft-ietf-opsawg-pcapng), the form in which one stream holds the packets of several cards, each with its name.
 * Numbers are little endian, as the section's byte-order magic says.
 */
import type { Packet, PcapHead } from "./pcap";

const blockTypes = { section: 0x0a0d0d0a, interface: 1, packet: 6 } as const;
const byteOrderMagic = 0x1a2b3c4d;
const options = { end: 0, application: 4, name: 2, description: 3, timeResolution: 9 } as const;
/** 10^-9 seconds. */
const nanoseconds = 9;

/** Begins a stream (section 4.1). Its length is not known in advance. */
export function sectionBlock(application: string): Buffer {
  const body = Buffer.alloc(16);
  body.writeUInt32LE(byteOrderMagic, 0);
  body.writeUInt16LE(1, 4);
  body.writeBigInt64LE(-1n, 8);
  return block(blockTypes.section, body, textOption(options.application, application), endOfOptions());
}

export interface Interface extends PcapHead {
  readonly name: string;
  readonly description: string;
}

/** A card (section 4.2); the first one is number 0. */
export function interfaceBlock({ linkType, snapLength, name, description }: Interface): Buffer {
  const body = Buffer.alloc(8);
  body.writeUInt16LE(linkType, 0);
  body.writeUInt32LE(snapLength, 4);
  return block(
    blockTypes.interface,
    body,
    textOption(options.name, name),
    textOption(options.description, description),
    option(options.timeResolution, Buffer.from([nanoseconds])),
    endOfOptions(),
  );
}

/** An Enhanced Packet Block (section 4.3). @param card its interface's number. */
export function packetBlock(card: number, { at, length, octets }: Packet): Buffer {
  const body = Buffer.alloc(20);
  body.writeUInt32LE(card, 0);
  body.writeUInt32LE(Number(at >> 32n), 4);
  body.writeUInt32LE(Number(at & 0xffff_ffffn), 8);
  body.writeUInt32LE(octets.length, 12);
  body.writeUInt32LE(length, 16);
  return block(blockTypes.packet, body, padded(octets));
}

function textOption(code: number, text: string): Buffer {
  return option(code, Buffer.from(text, "utf8"));
}

function option(code: number, value: Buffer): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt16LE(code, 0);
  head.writeUInt16LE(value.length, 2);
  return Buffer.concat([head, padded(value)]);
}

function endOfOptions(): Buffer {
  return Buffer.alloc(4, options.end);
}

/** To a multiple of 32 bits. */
function padded(value: Buffer): Buffer {
  return Buffer.concat([value, Buffer.alloc((4 - (value.length % 4)) % 4)]);
}

/** The length stands in front and behind, so that a reader can go both ways (section 3.1). */
function block(type: number, ...parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  const [front, back] = [Buffer.alloc(8), Buffer.alloc(4)];
  front.writeUInt32LE(type, 0);
  front.writeUInt32LE(body.length + 12, 4);
  back.writeUInt32LE(body.length + 12, 0);
  return Buffer.concat([front, body, back]);
}
