/** Where packets are captured: a machine, its cards there, and what is left out on each. */
import { internet, lan, uplink } from "../../plan/interfaces";
import type { ClientAccess, LabAccess } from "../access";
import { outsideFilter, segmentFilter } from "./filter";

export type Place =
  | { readonly kind: "client"; readonly client: ClientAccess }
  /** `both`: the ways out too. */
  | { readonly kind: "gateway" | "both" };

export interface Cards {
  readonly cards: readonly string[];
  readonly filterOf: (card: string) => string;
  /** Whether a card of the gateway's is on one of the lab's networks. */
  readonly isInside: (card: string) => boolean;
}

/**
 * @param present names of the cards that the machine has.
 * @param sshTo the machine's own address by which SSH came in.
 */
export function cardsOf(
  place: Place,
  { promised: { networks } }: Pick<LabAccess, "promised">,
  { present, sshTo, filter }: { readonly present: readonly string[]; readonly sshTo: string; readonly filter: string },
): Cards {
  if (place.kind === "client") {
    const { lanMac } = place.client;
    return { cards: [lan], filterOf: () => segmentFilter(filter, lanMac), isInside: () => true };
  }
  const inside = networks.map(({ card }) => card);
  const isInside = (card: string): boolean => inside.includes(card);
  const wanted = place.kind === "both" ? [...inside, uplink, internet] : inside;
  return {
    cards: wanted.filter((card) => present.includes(card)),
    filterOf: (card) => {
      const network = networks.find((each) => each.card === card);
      return network === undefined ? outsideFilter(filter, sshTo) : segmentFilter(filter, network.router.mac);
    },
    isInside,
  };
}
