/** Faults of clients' ways that are on: only the gateway knows, and it is asked each time. */
import { z } from "zod";
import type { PathFault } from "../plan/path-faults";
import {
  type Affected,
  delayBands,
  everybody,
  faultRules,
  faultTable,
  faultTablePrefix,
  type FaultSurroundings,
  needsBands,
} from "../services/path-faults";
import type { PromisedPlan } from "./access";
import { section, type Sections } from "./sections";

export interface FaultOn {
  readonly name: string;
  /** A client's name, or `all`. */
  readonly client: string;
  /** Packets that it has met. */
  readonly packets: number;
  /** Of nft's. */
  readonly table: string;
}

const rulesetSchema = z.object({
  nftables: z.array(
    z.object({
      rule: z
        .object({
          table: z.string(),
          comment: z.string().optional(),
          expr: z.array(z.record(z.string(), z.unknown())),
        })
        .optional(),
    }),
  ),
});

const counterSchema = z.object({ packets: z.number() });

/** Of the probes' section `faults`; sorted. */
export function readFaultsOn(sections: Sections): readonly FaultOn[] {
  const { exitCode, output } = section(sections, "faults");
  if (exitCode !== 0) throw new Error(`The gateway does not tell which faults are on: ${output}`);
  const found = new Map<string, FaultOn>();
  for (const { rule } of rulesetSchema.parse(JSON.parse(output)).nftables) {
    if (rule?.comment === undefined || !rule.table.startsWith(faultTablePrefix)) continue;
    const { table, comment, expr } = rule;
    const [name = "", client = everybody] = comment.split(" ");
    const counter = counterSchema.safeParse(expr.find((each) => "counter" in each)?.counter);
    const packets = (found.get(table)?.packets ?? 0) + (counter.success ? counter.data.packets : 0);
    found.set(table, { name, client, packets, table });
  }
  return [...found.values()].sort((one, other) =>
    `${one.name} ${one.client}` < `${other.name} ${other.client}` ? -1 : 1,
  );
}

/** One line: which are on, and for whom. Undefined: none. */
export function faultsOnLine(on: readonly Pick<FaultOn, "name" | "client">[], stack: string): string | undefined {
  if (on.length === 0) return undefined;
  const words = on.map(({ name, client }) => `${name} for ${client === everybody ? "all clients" : client}`);
  return `Faults are on: ${words.join(", ")}. npm run fault -- --stack ${stack} off all takes them away.`;
}

/** What the probe is told to switch one on. */
export function switchingOn(fault: PathFault, affected: Affected | undefined, promised: PromisedPlan): string {
  const lab = surroundings(promised);
  const bands = needsBands(fault) ? delayBands(lab.cards) : "";
  return `${bands.split("\n").length - 1}\n${bands}${faultRules(fault, affected, lab)}`;
}

/** What is in the way of a slow one: of two a packet would have either. */
export function otherSlowOnes(
  fault: PathFault,
  affected: Affected | undefined,
  on: readonly FaultOn[],
  known: readonly PathFault[],
): readonly FaultOn[] {
  if (!needsBands(fault)) return [];
  return on.filter(({ name, client, table }) => {
    const other = known.find((each) => each.name === name);
    return (
      other?.effect.kind === fault.effect.kind &&
      table !== faultTable(fault, affected) &&
      other.families.some((family) => fault.families.includes(family)) &&
      (client === everybody || affected === undefined || client === affected.name)
    );
  });
}

function surroundings({ networks, nat64 }: PromisedPlan): FaultSurroundings {
  return {
    cards: networks.map(({ card }) => card),
    nat64Prefix: nat64.prefix,
    ipv6: networks.flatMap(({ ipv6 }) => ipv6?.prefix ?? []),
    ipv4: networks.flatMap(({ ipv4 }) => ipv4?.prefix ?? []),
  };
}
