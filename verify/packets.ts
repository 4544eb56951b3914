/** Packets beside the evidence of rows that are not as expected: one more try, and what both sides of the gateway saw of it. */
import { internet } from "../plan/interfaces";
import type { SshConnection } from "../ssh";
import { type ClientAccess, type LabAccess, networkOf } from "./access";
import { segmentFilter } from "./capture/filter";
import { keepWhile, type Kept } from "./capture/keep";
import { type Asked, tryFaults } from "./facts";
import { type FaultResult, isRight, readFaults } from "./faults";
import type { CheckResult, Seen } from "./report";

export interface KeptPackets {
  readonly pcapng: Buffer;
  /** What they are of. */
  readonly words: string;
}

/** What is kept of rows, by `rowKey`. */
export type RowPackets = ReadonlyMap<string, KeptPackets>;

export function rowKey({ machine, check }: Pick<CheckResult, "machine" | "check">): string {
  return `${machine}: ${check}`;
}

const endings: Readonly<Record<Seen, string>> = {
  works: "worked",
  fails: "failed",
  error: "was answered with an error",
};

/** Rows that get packets at most: each costs a try more. */
const mostRows = 10;

/**
 * Tries again what came out otherwise than it should, one after the other, with both of the gateway's cards listened to.
 * @returns by the fault's name.
 */
export async function packetsOf(
  lab: LabAccess,
  client: ClientAccess,
  results: readonly FaultResult[],
  { asked, gateway }: { readonly asked: Asked; readonly gateway: SshConnection },
): Promise<ReadonlyMap<string, KeptPackets>> {
  const network = networkOf(lab, client);
  const { signal } = asked;
  const found = new Map<string, KeptPackets>();
  for (const { fault } of results.filter((each) => !isRight(each)).slice(0, mostRows)) {
    const cards = {
      machine: lab.gateway.name,
      cards: [network.card, internet],
      filterOf: (card: string) =>
        card === internet ? "" : `ether host ${client.lanMac} and (${segmentFilter("", network.router.mac)})`,
      signal,
    };
    const { result, kept } = await keepWhile(gateway, cards, () => tryFaults(asked, [fault]));
    const [again] = readFaults([fault], { client, network }, result);
    found.set(fault.name, {
      pcapng: kept.pcapng,
      words: `${counted(kept)} of one more try, which ${endings[again?.seen ?? "fails"]}; before and behind the gateway`,
    });
  }
  return found;
}

/** Of frames that should not have been there. */
export function keptLeaks(kept: Kept): KeptPackets {
  return { pcapng: kept.pcapng, words: `${counted(kept)} that leaked` };
}

function counted({ packets, cut }: Kept): string {
  return `${cut ? "the first " : ""}${packets} packet${packets === 1 ? "" : "s"}`;
}
