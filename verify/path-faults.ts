/** Faults of clients' ways that are on: only the gateway knows, and it is asked each time. */
import type { RecordType } from "../plan/dns-parameters";
import { isOfAnswers, type PathEffect, pathFaults, type PathFault } from "../plan/path-faults";
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
import { commentedRules } from "./nft-rules";
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
  /** Whether what it needs on the gateway beside its rules is there: a fault of answers, the faulty resolver. */
  readonly atWork: boolean;
}

/** Of the probes' sections `faults` and `answers`; sorted. */
export function readFaultsOn(sections: Sections): readonly FaultOn[] {
  const { exitCode, output } = section(sections, "faults");
  if (exitCode !== 0) throw new Error(`The gateway does not tell which faults are on: ${output}`);
  const told = new Set(section(sections, "answers").output.split("\n").map(knownToResolver));
  const found = new Map<string, FaultOn>();
  for (const { table, comment, packets: met = 0 } of commentedRules(output)) {
    if (!table.startsWith(faultTablePrefix)) continue;
    const [name = "", client = everybody, to = everywhere] = comment.split(" ");
    const packets = (found.get(table)?.packets ?? 0) + met;
    const atWork = !needsResolver(name) || told.has(comment);
    found.set(table, { name, client, to, packets, table, atWork });
  }
  return [...found.values()].sort((one, other) =>
    `${one.name} ${one.client}` < `${other.name} ${other.client}` ? -1 : 1,
  );
}

function needsResolver(name: string): boolean {
  return pathFaults.some((fault) => fault.name === name && isOfAnswers(fault.effect));
}

/** What dig shows of `"PORT FAULT CLIENT NAME"`: what stands behind the port. */
function knownToResolver(line: string): string | undefined {
  return /^"\d+ (.*)"$/.exec(line)?.[1];
}

/** One line: which are on, and for whom. Undefined: none. */
export function faultsOnLine(
  on: readonly Pick<FaultOn, "name" | "client" | "to" | "atWork">[],
  stack: string,
): string | undefined {
  if (on.length === 0) return undefined;
  const dead = on.some(({ atWork }) => !atWork) ? ` ${deadResolver}` : "";
  return `Faults are on: ${faultsOnWords(on)}.${dead} npm run fault -- --stack ${stack} off all takes them away.`;
}

export function faultsOnWords(on: readonly Pick<FaultOn, "name" | "client" | "to" | "atWork">[]): string {
  return on.map((one) => `${one.name} for ${whose(one)}${one.atWork ? "" : " (NOT at work)"}`).join(", ");
}

/** Those in the way of one client. */
export function metBy(name: string, on: readonly FaultOn[]): readonly FaultOn[] {
  return on.filter(({ client }) => [name, everybody].includes(client));
}

/** Where nobody listens, UDP is met with silence and TCP with a reset. */
const deadResolver =
  "What is not at work leads to the faulty resolver on the gateway, which does not answer, and neither does anybody else; switched on again it does.";

/** Those that one of two clients meets and the other does not. */
export function onForOneOf(one: string, other: string, on: readonly FaultOn[]): readonly FaultOn[] {
  const meets = (who: string, { name, to }: FaultOn): boolean =>
    metBy(who, on).some((each) => each.name === name && each.to === to);
  return on.filter((each) => meets(one, each) !== meets(other, each));
}

/** For whom, and where to if not everywhere. */
export function whose({ client, to }: Pick<FaultOn, "client" | "to">): string {
  const who = client === everybody ? "all clients" : client;
  return to === everywhere ? who : `${who} to ${to}`;
}

/**
 * What the probe is told to switch one on.
 * @param resolver the faulty resolver's program, where it takes one.
 */
export function switchingOn(each: FaultSwitch, promised: PromisedPlan, resolver = ""): string {
  const lab = surroundings(promised);
  const bands = needsBands(each.fault) ? delayBands(lab.cards) : "";
  const counts = [bands, resolver].map((text) => text.split("\n").length - 1);
  return `${counts.join(" ")}\n${bands}${resolver}${faultRules(each, lab)}`;
}

/** A fault that is on already where another is to be, and why both cannot be. */
export interface InTheWay {
  readonly other: FaultOn;
  readonly why: string;
}

export function inTheWay(each: FaultSwitch, on: readonly FaultOn[]): readonly InTheWay[] {
  const { fault, affected } = each;
  return on
    .filter(({ client, table }) => {
      const shared = client === everybody || affected === undefined || client === affected.name;
      return shared && table !== faultTable(each);
    })
    .flatMap((other) => {
      const there = pathFaults.find(({ name }) => name === other.name);
      const why = there === undefined ? undefined : whyNotBoth(fault, there, each.target?.name ?? everywhere, other.to);
      return why === undefined ? [] : [{ other, why }];
    });
}

function whyNotBoth(one: PathFault, other: PathFault, to: string, otherTo: string): string | undefined {
  const [here, there] = [one.effect, other.effect];
  const [said, otherSaid] = [answerOf(here), answerOf(there)];
  if (said !== undefined && otherSaid !== undefined) {
    // Of a longer name and a shorter one the longer decides.
    const sameQuestions =
      to === otherTo && (overlap(said.types, otherSaid.types) || said.types.length * otherSaid.types.length === 0);
    return sameQuestions && said.words !== otherSaid.words ? "a question has one answer" : undefined;
  }
  // Of two slow ones a packet would have either.
  const samePackets = overlap(one.families, other.families) && (to === otherTo || [to, otherTo].includes(everywhere));
  return needsBands(one) && here.kind === there.kind && samePackets
    ? "a packet can be late in one way only"
    : undefined;
}

/** To which questions, and what. */
function answerOf(effect: PathEffect): { readonly types: readonly RecordType[]; readonly words: string } | undefined {
  if (effect.kind === "answer") return { types: effect.types, words: effect.rcode };
  return effect.kind === "wrong-record" ? { types: [effect.type], words: effect.address } : undefined;
}

/** What is said where a fault meets no packet, or none on some networks. Undefined: on each it may meet some. */
export function meetsNothingLine(
  { families, effect }: PathFault,
  { networks, uplink, internet }: PromisedPlan,
): string | undefined {
  const hasIpv6Outside = internet !== "real" || uplink.ipv6 !== "none";
  if (!hasIpv6Outside && families.every((family) => family === "ipv6")) {
    return "It meets nothing: no IPv6 leads out of this lab (uplink.ipv6 is none). What goes through NAT64 is IPv4 to a fault.";
  }
  if (effect.kind !== "mtu") return undefined;
  // Advertisements tell IPv6 of a network's MTU; hosts send IPv4 packets as long as their card takes them.
  const short = networks.filter(
    ({ mtu, ipv4 }) => mtu <= effect.mtu && (ipv4 === undefined || !families.includes("ipv4")),
  );
  if (short.length === 0) return undefined;
  return `It meets nothing on ${short.map(({ name }) => name).join(", ")}: no IPv6 packet there is longer than ${effect.mtu} octets.`;
}

function overlap<T>(one: readonly T[], other: readonly T[]): boolean {
  return one.some((each) => other.includes(each));
}

function surroundings({ networks, nat64 }: PromisedPlan): FaultSurroundings {
  const addresses = (family: "ipv6" | "ipv4") => networks.flatMap((network) => network[family]?.gatewayAddress ?? []);
  return {
    cards: networks.map(({ card }) => card),
    nat64Prefix: nat64.prefix,
    ipv6: networks.flatMap(({ ipv6 }) => ipv6?.prefix ?? []),
    ipv4: networks.flatMap(({ ipv4 }) => ipv4?.prefix ?? []),
    resolvers: { ipv6: addresses("ipv6"), ipv4: addresses("ipv4") },
  };
}
