/** Packets kept in memory, as a file of pcapng that a report can carry. */
import { Writable } from "node:stream";
import type { SshConnection } from "../../ssh";
import type { Packet, PcapHead } from "./pcap";
import { Recorder } from "./record";
import { captureWhile, type Watch } from "./while";

export interface Kept {
  readonly pcapng: Buffer;
  readonly packets: number;
  /** More came than is kept. */
  readonly cut: boolean;
}

/** Octets of packets at most: a page with ten of them is still one that can be sent. */
const mostOctets = 96 * 1024;

/** Takes packets until there are enough. */
export class Keeper {
  private readonly chunks: Buffer[] = [];
  private readonly recorder: Recorder;
  private octets = 0;
  private cut = false;

  /** @param machine whose cards they are. */
  constructor(machine: string) {
    const output = new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        this.chunks.push(chunk);
        done();
      },
    });
    this.recorder = new Recorder(output, machine);
  }

  start(card: string, head: PcapHead): void {
    this.recorder.start(card, head);
  }

  add(card: string, packet: Packet): void {
    this.cut ||= this.octets + packet.octets.length > mostOctets;
    if (this.cut) return;
    this.octets += packet.octets.length;
    // What is kept here is never slower than who reads.
    void this.recorder.add(card, packet);
  }

  /** Ends with the capture, also with one that fails: nothing goes on then. */
  async during<T extends object>(capture: Promise<T>): Promise<T & { readonly kept: Kept }> {
    try {
      const captured = await capture;
      return { ...captured, kept: this.end() };
    } finally {
      this.recorder.end();
    }
  }

  end(): Kept {
    this.recorder.end();
    return { pcapng: Buffer.concat(this.chunks), packets: this.recorder.packets, cut: this.cut };
  }
}

export interface KeptCards extends Pick<Watch, "cards" | "filterOf" | "signal"> {
  readonly machine: string;
}

/**
 * Keeps what passes while something is done.
 * @throws what capturing throws.
 */
export async function keepWhile<T>(
  connection: SshConnection,
  { machine, ...watch }: KeptCards,
  work: () => Promise<T>,
): Promise<{ readonly result: T; readonly kept: Kept }> {
  const keeper = new Keeper(machine);
  const { result, ended, kept } = await keeper.during(captureWhile(connection, { ...watch, ...keeping(keeper) }, work));
  if ("error" in ended) throw ended.error;
  return { result, kept };
}

function keeping(keeper: Keeper): Pick<Watch, "onStart" | "onPacket"> {
  return {
    onStart: (card, head) => {
      keeper.start(card, head);
    },
    onPacket: (card, packet) => {
      keeper.add(card, packet);
      return undefined;
    },
  };
}
