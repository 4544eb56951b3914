import { formatIpv6 } from "../../plan/prefix";

/** Reads a message from its first octet to its last. @throws RangeError when it ends too early. */
export class Reader {
  /** @param at the octet to begin with, from 0. */
  constructor(
    private readonly bytes: Buffer,
    private at = 0,
  ) {}

  get left(): number {
    return this.bytes.length - this.at;
  }

  u8(): number {
    return this.take(1).readUInt8();
  }

  u16(): number {
    return this.take(2).readUInt16BE();
  }

  u32(): number {
    return this.take(4).readUInt32BE();
  }

  address(): string {
    return formatIpv6(BigInt(`0x${this.take(16).toString("hex")}`));
  }

  /** As many addresses as are left. */
  addresses(): string[] {
    return Array.from({ length: Math.floor(this.left / 16) }, () => this.address());
  }

  take(count: number): Buffer {
    if (count < 0 || count > this.left) {
      throw new RangeError(`The message has ${this.left} octets left, not ${count}.`);
    }
    this.at += count;
    return this.bytes.subarray(this.at - count, this.at);
  }

  sub(count: number): Reader {
    return new Reader(this.take(count));
  }

  /** A name of labels without compression (RFC 1035 section 3.1); "" is the root, or padding. */
  name(): string {
    const labels: string[] = [];
    for (let length = this.u8(); length > 0; length = this.u8()) {
      labels.push(this.take(length).toString("latin1"));
    }
    return labels.join(".");
  }

  names(): string[] {
    const names: string[] = [];
    while (this.left > 0) {
      const name = this.name();
      if (name !== "") {
        names.push(name);
      }
    }
    return names;
  }
}

/** What a packet says; undefined for one that is cut short or otherwise no such message. */
export function readPacket<T>(hex: string, read: (reader: Reader) => T | undefined): T | undefined {
  try {
    return read(new Reader(Buffer.from(hex, "hex")));
  } catch (error) {
    if (error instanceof RangeError) {
      return undefined;
    }
    throw error;
  }
}
