/** Faults of clients' ways that are on: only the gateway knows, and it is asked each time. */
import { z } from "zod";
import type { PathFault } from "../plan/path-faults";
import {
  delayBands,
  everybody,
  everywhere,
  faultRules,
  faultTable,
  faultTablePrefix,
  type FaultSurroundings,
  type FaultSwitch,
  needsBands,
} from "../services/path-faults";
import type { PromisedPlan } from "./access";
import { section, type Sections } from "./sections";

export interface FaultOn {
  readonly name: string;
  /** A client's name, or `all`. */
  readonly client: string;
  /** What was asked for as the other end of the way, or `everywhere`. */
  readonly to: string;
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
    const [name = "", client = everybody, to = everywhere] = comment.split(" ");
    const counter = counterSchema.safeParse(expr.find((each) => "counter" in each)?.counter);
    const packets = (found.get(table)?.packets ?? 0) + (counter.success ? counter.data.packets : 0);
    found.set(table, { name, client, to, packets, table });
  }
  return [...found.values()].sort((one, other) =>
    `${one.name} ${one.client}` < `${other.name} ${other.client}` ? -1 : 1,
  );
}

/** One line: which are on, and for whom. Undefined: none. */
export function faultsOnLine(
  on: readonly Pick<FaultOn, "name" | "client" | "to">[],
  stack: string,
): string | undefined {
  if (on.length === 0) return undefined;
  return `Faults are on: ${on.map((each) => `${each.name} for ${whose(each)}`).join(", ")}. npm run fault -- --stack ${stack} off all takes them away.`;
}

/** For whom, and where to if not everywhere. */
export function whose({ client, to }: Pick<FaultOn, "client" | "to">): string {
  const who = client === everybody ? "all clients" : client;
  return to === everywhere ? who : `${who} to ${to}`;
}

/** What the probe is told to switch one on. */
export function switchingOn(each: FaultSwitch, promised: PromisedPlan): string {
  const lab = surroundings(promised);
  const bands = needsBands(each.fault) ? delayBands(lab.cards) : "";
  return `${bands.split("\n").length - 1}\n${bands}${faultRules(each, lab)}`;
}

/** What is in the way of a slow one: of two a packet would have either. */
export function otherSlowOnes(
  each: FaultSwitch,
  on: readonly FaultOn[],
  known: readonly PathFault[],
): readonly FaultOn[] {
  const { fault, affected, target } = each;
  if (!needsBands(fault)) return [];
  return on.filter(({ name, client, to, table }) => {
    const other = known.find((one) => one.name === name);
    return (
      other?.effect.kind === fault.effect.kind &&
      table !== faultTable(each) &&
      other.families.some((family) => fault.families.includes(family)) &&
      (client === everybody || affected === undefined || client === affected.name) &&
      (to === everywhere || target === undefined || to === target.name)
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
