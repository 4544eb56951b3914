/** Captured packets as lines, as they come; of what is translated both legs together, with what Jool says of it. */
import { decode } from "./decode";
import { type Entry, Legs, type Seen } from "./legs";
import { Order } from "./order";
import type { Packet } from "./pcap";
import type { SessionFact } from "../gateway-facts";
import { type Counted, entryLines, knownToJool, type Names, packetLine, sessionTable } from "./text";

/** Milliseconds for which packets wait for earlier ones of another card. */
const patience = 200;
/** Milliseconds between two looks into Jool's table. */
const tablePause = 1000;

export interface WatchOptions {
  readonly names: Names;
  /** Whether a card is on one of the lab's networks. Undefined: only one side is captured, and there is nothing to pair. */
  readonly isInside: ((card: string) => boolean) | undefined;
  /** Asks for Jool's session table. */
  readonly table: () => Promise<readonly SessionFact[]>;
  readonly print: (line: string) => void;
}

export class Watcher {
  private readonly order = new Order<Seen>(patience);
  private readonly legs: Legs | undefined;
  private readonly counted = new Map<number, Counted>();
  private readonly timer: NodeJS.Timeout;
  private news = new Set<number>();
  private asking: Promise<void> | undefined;
  private askedAt = -Infinity;
  packets = 0;

  constructor(private readonly options: WatchOptions) {
    const { isInside, names } = options;
    this.legs = isInside && new Legs(names.nat64Prefix, isInside);
    this.timer = setInterval(() => {
      this.show(performance.now());
      this.askForNews();
    }, patience / 2);
  }

  add(card: string, { at, octets }: Packet): void {
    this.packets += 1;
    this.order.add({ at, card, packet: decode(octets) }, performance.now());
  }

  /** Shows what is left, and the sessions. */
  async end(): Promise<void> {
    this.close();
    this.show(Infinity);
    await this.asking;
    if (this.counted.size === 0) return;
    const table = await this.options.table().catch(() => undefined);
    for (const line of ["", ...sessionTable([...this.counted.values()], table, this.options.names)]) {
      this.options.print(line);
    }
  }

  /** Shows no more. */
  close(): void {
    clearInterval(this.timer);
  }

  private show(now: number): void {
    const { legs } = this;
    const { names, print } = this.options;
    for (const seen of this.order.due(now)) {
      if (legs === undefined) print(packetLine(seen, names));
      else legs.add(seen, performance.now());
    }
    for (const entry of legs?.due(now) ?? []) {
      this.count(entry);
      for (const line of entryLines(entry, names)) print(line);
    }
  }

  private count(entry: Entry): void {
    if (entry.kind === "other") return;
    const { session, toServer, ipv6, ipv4, news } = entry;
    const before = this.counted.get(session.number) ?? { session, toServer: [0, 0], fromServer: [0, 0] };
    const more = (pair: readonly [number, number]): readonly [number, number] => [
      pair[0] + Number(ipv6 !== undefined),
      pair[1] + Number(ipv4 !== undefined),
    ];
    this.counted.set(session.number, {
      session,
      toServer: toServer ? more(before.toServer) : before.toServer,
      fromServer: toServer ? before.fromServer : more(before.fromServer),
    });
    if (news) this.news.add(session.number);
  }

  /** One look for all that is new since the last one. */
  private askForNews(): void {
    if (this.news.size === 0 || this.asking !== undefined || performance.now() - this.askedAt < tablePause) return;
    const numbers = this.news;
    this.news = new Set();
    this.askedAt = performance.now();
    this.asking = this.options
      .table()
      .catch(() => undefined)
      .then((table) => {
        for (const number of numbers) {
          const counted = this.counted.get(number);
          if (counted !== undefined)
            this.options.print(`── session ${number} in Jool's table: ${knownToJool(counted.session, table)}`);
        }
        this.asking = undefined;
      });
  }
}
