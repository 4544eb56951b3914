/**
 * On which segment a machine's cards are, and moving one to another while the machine runs, as a phone joins another
 * network. Only QEMU knows where a card is: nothing is written down that could differ from it.
 */
import { basename } from "node:path";
import type { OperationContext } from "../../plugin/handler";
import type { SegmentReference } from "../resources";
import { segmentIn } from "./hub";
import type { MachinePaths } from "./paths";
import { withMachine } from "./power";
import { processesOf } from "./process";
import { standsStill, suspensionOf } from "./suspend";
import { rewire, wiringsOf } from "./wiring";

/** By the numbers of the cards, counted as in the machine's `nics`; cards that are on no segment are not in it. */
export type Segments = ReadonlyMap<
  number,
  /** Undefined: half-way between two, where somebody left it who was killed while he moved it. */
  SegmentReference | undefined
>;

/**
 * Where the cards of a machine are, or will be when it goes on; undefined for one that is off.
 * @throws Error when QEMU does not answer.
 */
export async function segmentsOf(paths: MachinePaths): Promise<Segments | undefined> {
  if (processesOf(paths).length > 0) {
    return new Map([...(await wiringsOf(paths))].map(([card, wiring]) => [card, segmentIn(wiring)]));
  }
  const suspension = suspensionOf(paths);
  return suspension && new Map(suspension.segments.map(({ card, segment }) => [card, segment]));
}

/**
 * Moves a card of a running machine to another segment: the guest loses its carrier and gains it again. Waits for whoever
 * else works on the machine. An interruption is heeded before the first step alone, and a refusal of QEMU's puts the card
 * back. When this process is killed half-way, the card hears nothing until the next move, `suspend` or `up`.
 * @param card its number, as in `nics`.
 * @returns whether it was anywhere else.
 */
export function moveCard(
  paths: MachinePaths,
  card: number,
  to: SegmentReference,
  context: Pick<OperationContext, "progress" | "signal">,
): Promise<boolean> {
  return withMachine(paths, context, async () => {
    const name = basename(paths.folder);
    if (processesOf(paths).length === 0) {
      const state = suspensionOf(paths) === undefined ? "does not run" : "is suspended";
      throw new Error(`${name} ${state}: only a running machine can join another network.`);
    }
    if (await standsStill(paths)) throw new Error(`${name} stands still: \`npm run resume\` lets it go on.`);
    context.signal.throwIfAborted();
    return rewire(paths, card, to);
  });
}
