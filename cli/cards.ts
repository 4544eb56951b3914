/** Where the clients' cards are, and moving them: as each platform does it. */
import type { OperationContext } from "../plugin/handler";
import type { ClientAccess, LabAccess, PromisedNetwork } from "../verify/access";
import { qemuCards } from "./cards-qemu";
import { vsphereCards } from "./cards-vsphere";

export interface Cards {
  /** The network of each client by its name; one that is on none that is known, or that nobody can ask, is not in it. */
  networks(access: LabAccess): Promise<ReadonlyMap<string, string>>;
  /**
   * Moves the card of a running client to another network: its guest loses the carrier and gains it again. An interruption
   * is heeded before the first step alone.
   * @throws Error of a client that does not run, or of a platform that refuses; the card is where it was then.
   */
  move(access: LabAccess, client: ClientAccess, network: PromisedNetwork, context: MoveContext): Promise<void>;
}

export type MoveContext = Pick<OperationContext, "signal" | "progress">;

const platforms: Readonly<Record<string, Cards>> = { qemu: qemuCards, vsphere: vsphereCards };

export function cardsOf({ promised: { platform } }: LabAccess): Cards {
  const cards = platforms[platform];
  if (cards === undefined) throw new Error(`Bug: nothing is known of cards on ${platform}.`);
  return cards;
}
