/** Packets out of tcpdump's stream (pcap-savefile(5)), as they come. */

export interface Packet {
  /** Nanoseconds since 1970, by the clock of the machine that captured it. */
  readonly at: bigint;
  /** Octets that it had on the wire, of which `octets` may be only the first. */
  readonly length: number;
  /** From the link layer on. */
  readonly octets: Buffer;
}

export interface PcapHead {
  /** LINKTYPE_…; 1 is Ethernet. */
  readonly linkType: number;
  /** Octets that are kept of a packet at most. */
  readonly snapLength: number;
}

const fileHeader = 24;
const packetHeader = 16;
/** By the magic number: how a stream's fractions of a second are counted. */
const nanosecondsPerUnit: ReadonlyMap<number, bigint> = new Map([
  [0xa1b2c3d4, 1000n],
  [0xa1b23c4d, 1n],
]);

/** Reads one stream, in the byte order of the machine that writes it. */
export class PcapReader {
  private rest: Buffer = Buffer.alloc(0);
  private format: { readonly little: boolean; readonly unit: bigint } | undefined;

  /** @param onHead is told before the first packet. */
  constructor(
    private readonly onHead: (head: PcapHead) => void,
    private readonly onPacket: (packet: Packet) => void,
  ) {}

  /** @throws Error for what is no such stream. */
  push(chunk: Buffer): void {
    this.rest = this.rest.length === 0 ? chunk : Buffer.concat([this.rest, chunk]);
    if (this.format === undefined && !this.readHead()) return;
    while (this.readPacket());
  }

  private readHead(): boolean {
    if (this.rest.length < fileHeader) return false;
    for (const little of [true, false]) {
      const unit = nanosecondsPerUnit.get(read32(this.rest, 0, little));
      if (unit === undefined) continue;
      this.format = { little, unit };
      this.onHead({ snapLength: read32(this.rest, 16, little), linkType: read32(this.rest, 20, little) & 0xffff });
      this.rest = this.rest.subarray(fileHeader);
      return true;
    }
    throw new Error("What came is no capture in the format of pcap-savefile(5).");
  }

  private readPacket(): boolean {
    const { format, rest } = this;
    if (format === undefined || rest.length < packetHeader) return false;
    const field = (at: number): number => read32(rest, at, format.little);
    const end = packetHeader + field(8);
    if (rest.length < end) return false;
    this.onPacket({
      at: BigInt(field(0)) * 1_000_000_000n + BigInt(field(4)) * format.unit,
      length: field(12),
      octets: rest.subarray(packetHeader, end),
    });
    this.rest = rest.subarray(end);
    return true;
  }
}

function read32(buffer: Buffer, at: number, little: boolean): number {
  return little ? buffer.readUInt32LE(at) : buffer.readUInt32BE(at);
}
