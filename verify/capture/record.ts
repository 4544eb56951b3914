/** Captured packets as one stream of pcapng, each card with its name. */
import { once } from "node:events";
import type { Writable } from "node:stream";
import { interfaceBlock, packetBlock, sectionBlock } from "./pcapng";
import { Order } from "./order";
import type { Packet, PcapHead } from "./pcap";

/** Milliseconds for which packets wait for earlier ones of another card. */
const patience = 200;

export class Recorder {
  private readonly numbers = new Map<string, number>();
  private readonly order = new Order<Packet & { readonly card: number }>(patience);
  private readonly timer: NodeJS.Timeout;
  /** Packets that were written. */
  packets = 0;

  /** @param machine stands in the cards' descriptions. */
  constructor(
    private readonly output: Writable,
    private readonly machine: string,
  ) {
    output.write(sectionBlock("ipv6-only-lab"));
    this.timer = setInterval(() => {
      this.write(performance.now());
    }, patience / 2);
  }

  start(card: string, head: PcapHead): void {
    this.numbers.set(card, this.numbers.size);
    this.output.write(interfaceBlock({ ...head, name: card, description: `${card} of ${this.machine}` }));
  }

  /** @returns what is to be waited for, when whoever reads is slower. */
  add(card: string, packet: Packet): Promise<void> | undefined {
    const number = this.numbers.get(card);
    if (number === undefined) throw new Error(`Bug: packets of ${card} came before its head.`);
    this.order.add({ ...packet, card: number }, performance.now());
    if (!this.output.writableNeedDrain) return undefined;
    return once(this.output, "drain").then(
      () => undefined,
      // Whoever listens to the output's errors ends the capture.
      () => undefined,
    );
  }

  /** Writes what is left. */
  end(): void {
    clearInterval(this.timer);
    this.write(Infinity);
  }

  private write(now: number): void {
    for (const packet of this.order.due(now)) {
      this.output.write(packetBlock(packet.card, packet));
      this.packets += 1;
    }
  }
}
