/** Asks QEMU on which segments a machine's cards are, and moves one while the machine runs. Who calls holds its lock. */
import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import type { SegmentReference } from "../resources";
import { cardId, portId, segmentIn, segmentPort, segmentSocket, socketId, type Wiring, wiringsIn } from "./hub";
import type { MachinePaths } from "./paths";
import { ask, type Command } from "./qmp";

type Socket = Pick<MachinePaths, "qmp">;

/**
 * Milliseconds without a carrier. The guest is told of each change by an interrupt, and reads then what holds by then: a
 * busy emulated one would not see a carrier that is back at once, and would keep its addresses.
 */
const carrierPause = 200;

/** By the numbers of the cards; cards that are on no segment are not in it. */
export async function wiringsOf({ qmp }: Socket): Promise<ReadonlyMap<number, Wiring>> {
  const question = { execute: "human-monitor-command", arguments: { "command-line": "info network" } };
  return wiringsIn(z.string().parse(await ask(qmp, [question])));
}

/**
 * Moves a card, however it is wired at the moment: also when the one who was moving it was killed. A refusal by QEMU puts
 * it back to where it was. From the first step to the last it hears one segment or none, and never two.
 * @returns whether it was anywhere else.
 */
export async function rewire(socket: Socket, card: number, to: SegmentReference): Promise<boolean> {
  const wiring = await wiringOf(socket, card);
  const from = segmentIn(wiring);
  if (from !== undefined && isSame(from, to)) return false;
  if (wiring.fixed) {
    throw new Error(
      `Its network card ${card} cannot change its segment while it runs, because an earlier version of this program ` +
        "started it. Power it off: the next `up` powers it on where it belongs.",
    );
  }
  try {
    await connect(socket, card, to);
  } catch (error) {
    if (from !== undefined) await putBack(socket, card, from).catch(() => undefined);
    throw error;
  }
  return true;
}

async function putBack(socket: Socket, card: number, to: SegmentReference): Promise<void> {
  const now = segmentIn(await wiringOf(socket, card));
  if (now === undefined || !isSame(now, to)) await connect(socket, card, to);
}

/** Ends what somebody left half-way who was moving cards: each is on one of its two segments then. */
export async function settle(socket: Socket): Promise<void> {
  for (const [card, wiring] of await wiringsOf(socket)) {
    const [some] = [...wiring.on, ...wiring.aside];
    if (segmentIn(wiring) === undefined && some !== undefined) await connect(socket, card, some);
  }
}

async function connect(socket: Socket, card: number, to: SegmentReference): Promise<void> {
  const { on, aside } = await wiringOf(socket, card);
  const isThere = (segments: readonly SegmentReference[]): boolean => segments.some((each) => isSame(each, to));
  const others = (segments: readonly SegmentReference[]): SegmentReference[] =>
    segments.filter((each) => !isSame(each, to));
  await ask(socket.qmp, [
    // First of all what may fail, and what shows anybody who looks that the card is being moved.
    ...(isThere([...on, ...aside]) ? [] : [add(segmentSocket(card, to))]),
    carrier(card, false),
  ]);
  await delay(carrierPause);
  await ask(socket.qmp, [
    ...others(on).map((each) => remove(portId(card, each))),
    ...(isThere(on) ? [] : [add(segmentPort(card, to))]),
    carrier(card, true),
    ...others([...on, ...aside]).map((each) => remove(socketId(card, each))),
  ]);
}

async function wiringOf(socket: Socket, card: number): Promise<Wiring> {
  const wiring = (await wiringsOf(socket)).get(card);
  if (wiring === undefined) throw new Error(`QEMU knows of no network card ${card} on a segment.`);
  return wiring;
}

function add(backend: Readonly<Record<string, string | number>>): Command {
  return { execute: "netdev_add", arguments: backend };
}

function remove(id: string): Command {
  return { execute: "netdev_del", arguments: { id } };
}

function carrier(card: number, up: boolean): Command {
  return { execute: "set_link", arguments: { name: cardId(card), up } };
}

function isSame(one: SegmentReference, other: SegmentReference): boolean {
  return one.group === other.group && one.port === other.port;
}
