/**
 * How a card of a segment is wired inside QEMU. A network card cannot change what it hangs on, so it hangs on a hub of
 * its own, on which nothing else is but the socket of one segment: that one can be taken away and another put in its
 * place while the machine runs. Never two at once: the hub would join the segments.
 */
import type { SegmentReference } from "../resources";

/** A back end as QMP's `netdev_add` takes it. */
export type NetworkBackend = Readonly<Record<"type" | "id", string>> & Readonly<Record<string, string | number>>;

/** The device that the guest sees. */
export function cardId(card: number): string {
  return `card${card}`;
}

/** What that device is attached to, whatever its kind. */
export function backendId(card: number): string {
  return `nic${card}`;
}

/** The hub's side of the card. */
export function cardPort(card: number): NetworkBackend {
  return { type: "hubport", id: backendId(card), hubid: card };
}

/** On the loopback interface alone. Not yet on the hub, what comes in is thrown away. */
export function segmentSocket(card: number, segment: SegmentReference): NetworkBackend {
  const { group, port } = segment;
  return { type: "socket", id: socketId(card, segment), mcast: `${group}:${port}`, localaddr: "127.0.0.1" };
}

/** Puts the segment's socket on the hub. */
export function segmentPort(card: number, segment: SegmentReference): NetworkBackend {
  return { type: "hubport", id: portId(card, segment), hubid: card, netdev: socketId(card, segment) };
}

export function socketId(card: number, { group, port }: SegmentReference): string {
  return `segment${card}.${group}.${port}`;
}

export function portId(card: number, { group, port }: SegmentReference): string {
  return `port${card}.${group}.${port}`;
}

/** A card's wiring as it is. */
export interface Wiring {
  /** The segments whose packets reach it. */
  readonly on: readonly SegmentReference[];
  /** Those whose sockets are there beside the hub: while it is moved, or since the one who moved it was killed. */
  readonly aside: readonly SegmentReference[];
  /** On no hub, as earlier versions of this program had it: it stays where it is. */
  readonly fixed: boolean;
}

/** The segment on which the card is; undefined while it is between two. */
export function segmentIn({ on, aside }: Wiring): SegmentReference | undefined {
  return aside.length === 0 && on.length === 1 ? on[0] : undefined;
}

/**
 * The wiring of the cards on segments, by their numbers, out of what QEMU's monitor says to `info network`: QMP itself
 * knows no question for it. The line of a hub is followed by one for each of its ports, which names the port, and what is
 * behind it with its kind and its words. The line of a card is followed by one for its back end.
 */
export function wiringsIn(information: string): ReadonlyMap<number, Wiring> {
  const wirings = new Map<number, { on: SegmentReference[]; aside: SegmentReference[]; fixed: boolean }>();
  const wiringOf = (card: string) => {
    const wiring = wirings.get(Number(card)) ?? { on: [], aside: [], fixed: false };
    wirings.set(Number(card), wiring);
    return wiring;
  };
  for (const line of information.split(/\r?\n/)) {
    const [, hub] = /^hub (\d+)$/.exec(line) ?? [];
    if (hub !== undefined) wiringOf(hub);
    const [, peer, kind, card, group, port] =
      /^( \\ (?:\S+: )?)?(segment|nic)(\d+)\S*: index=\d+,type=socket,.*\bmcast=([\d.]+):(\d+)$/.exec(line) ?? [];
    if (card === undefined || group === undefined) continue;
    const wiring = wiringOf(card);
    (peer === undefined ? wiring.aside : wiring.on).push({ group, port: Number(port) });
    wiring.fixed ||= kind === "nic";
  }
  return wirings;
}
