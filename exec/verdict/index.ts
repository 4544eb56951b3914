/** The verdict on one run: works, or a cause, or that it cannot be told; and what else deserves a word. */
import { extractIpv4 } from "../../plan/rfc6052";
import { command as npm } from "../../verify/access";
import type { NetworkView, Run } from "../run";
import { answeredAddresses, isTranslated, socketText, type Target, targetsOf } from "../targets";
import type { Finding } from "./causes";
import { notRun } from "./not-run";
import { mappedRecord } from "./name-rules";
import { targetRules } from "./rules";
import { servedToTheEnd, unvisited } from "./served";
import { judgeServer } from "./serving";
import {
  failedBinds,
  failedJoins,
  ipv4Listeners,
  refusedByProxy,
  refusedBySocks,
  spokeToLoopback4,
  toldAtOnce,
  tooBig,
  wentBackToIpv4,
} from "./traffic";
import { unexplained } from "./unexplained";
import { paths } from "./words";

export type Verdict =
  | { readonly kind: "works"; readonly words: string; readonly remarks: readonly Finding[] }
  | { readonly kind: "cause"; readonly finding: Finding; readonly remarks: readonly Finding[] }
  | { readonly kind: "cannot-tell"; readonly words: string; readonly remarks: readonly Finding[] }
  /** There was no run to judge. */
  | { readonly kind: "not-run"; readonly words: string };

/** A run, and what is made of it. */
export interface Judged {
  readonly run: Run;
  readonly verdict: Verdict;
}

/** Where the lab itself was not whole, nobody is blamed; what works all the same does. */
export function judge(run: Run): Verdict {
  const verdict = judgeProgram(run);
  if (run.gatewayLacks.length === 0 || verdict.kind === "works" || verdict.kind === "not-run") return verdict;
  const finding = verdict.kind === "cause" ? [verdict.finding] : [];
  return { kind: "cannot-tell", words: notWhole(run), remarks: [...finding, ...verdict.remarks] };
}

/** What is wrong with the lab itself. */
export function notWhole(run: Run): string {
  const lacks = run.gatewayLacks.join(", ");
  return `The lab itself is not whole: on the gateway ${lacks}. ${npm(run, "verify")} tells more, ${npm(run, "up")} puts it right.`;
}

function judgeProgram(run: Run): Verdict {
  const { end, client, network, lacks } = run;
  const problem = notRun(run);
  if (problem !== undefined) return { kind: "not-run", words: problem };
  if (end.problem === "unrecorded") return { kind: "cannot-tell", words: `${client} ${lostItsRecord}`, remarks: [] };
  if (end.problem === "moved") return { kind: "cannot-tell", words: `${client} ${lostItsLink}`, remarks: [] };
  if (lacks.length > 0) {
    const words = `${client} was not on ${network.name} as it should be: it lacked ${lacks.join("; ")}.`;
    return { kind: "cannot-tell", words, remarks: [] };
  }
  const targets = targetsOf(run);
  const missed = targets.filter(({ reached }) => !reached);
  const told = missed.map((target) => {
    const finding = targetRules.map((rule) => rule(target, run, targets)).find(isThere);
    const hasOther = finding?.cause === "ipv4-literal" && end.code !== 0 && wentOn(target, targets);
    return hasOther ? { ...finding, confidence: "possible" as const } : finding;
  });
  // Beside a failure that nobody explains, a name that is not there is not the reason.
  const explained = missed.every(
    (target, index) =>
      told[index] !== undefined ||
      wasOnlyTold(target) ||
      missed.some((other, at) => told[at] !== undefined && isSameServer(run.network, target, other)),
  );
  const [aside, blamed] = split(told.filter(isThere), ({ cause }) => !explained && cause === "not-for-want-of-ipv4");
  const joins = failedJoins(targets, run);
  // What is the matter with a container is so for each of its targets.
  const findings = distinct([
    ...blamed,
    ...targets.flatMap(
      (target) =>
        refusedByProxy(target) ?? refusedBySocks(target) ?? tooBig(target, run) ?? wentBackToIpv4(target, run) ?? [],
    ),
    ...failedBinds(run),
    // Many a program joins groups of both families, each where it can.
    ...(end.code === 0 ? [] : joins),
  ]);
  const listening = ipv4Listeners(run);
  // An IPv4-mapped record may have led to where it was meant to, by an IPv4 socket.
  const records = targets.flatMap((target) => (target.reached ? (mappedRecord(target) ?? []) : []));
  const asides = [
    ...targets.flatMap((target) => spokeToLoopback4(target) ?? []),
    ...records,
    ...aside,
    ...(end.code === 0 ? joins : []),
  ];
  // A server looks for its own name, say, and goes on without.
  const beside = [...findings, ...asides].filter(({ cause }) => cause !== "not-for-want-of-ipv4");
  const server = run.listening === undefined ? undefined : judgeServer(run, run.listening, beside);
  if (server !== undefined) return server;
  const served = servedToTheEnd(run);
  const remarks = [...findings, ...asides];
  const isBroken = findings.some((each) => each.confidence === "certain" && each.cause !== "not-for-want-of-ipv4");
  // Where it waits for nobody else, whoever hears others works as well (syslog).
  const visitor = served?.served[0] ?? (missed.length === 0 ? served?.visitors[0] : undefined);
  if (served !== undefined && (visitor !== undefined || !isBroken)) {
    const [worst, ...others] = listening;
    // Whom nobody reaches does not work, however long it waits; who is reached may have other sockets.
    if (worst !== undefined && !served.byIpv6)
      return { kind: "cause", finding: worst, remarks: [...others, ...remarks] };
    const words = visitor === undefined ? unvisited(run, served) : `It served ${socketText(visitor)}.`;
    const kind = visitor === undefined ? "cannot-tell" : "works";
    return { kind, words: `${words} ${paths(targets)}`.trim(), remarks: [...listening, ...remarks] };
  }
  // Many a program ends with 0 whatever happened.
  const inVain =
    missed.length === targets.length &&
    // Who wants no more than addresses has them.
    !(missed.length > 0 && missed.every(wasOnlyTold)) &&
    (findings.length > 0 || (missed.length > 0 && missed.every(failed)));
  if (end.code === 0 && served === undefined && !inVain) {
    const untold = toldAtOnce(targets, run);
    return {
      kind: "works",
      words: `It ended with 0. ${paths(targets)}`.trim(),
      remarks: [...remarks, ...listening, ...(untold === undefined ? [] : [untold])],
    };
  }
  const [finding, ...others] = [...findings].sort((one, other) => weight(one) - weight(other));
  if (finding === undefined) return unexplained(run, targets, [...listening, ...asides]);
  const verdict: Verdict = { kind: "cause", finding, remarks: [...others, ...listening, ...asides] };
  if (finding.cause !== "not-for-want-of-ipv4" || missed.length === targets.length) return verdict;
  // What would fail with IPv4 as well may be beside what it failed of.
  const rest = unexplained(
    run,
    targets.filter(({ reached }) => reached),
    [...findings, ...listening, ...asides],
  );
  return rest.kind === "cause" && rest.finding.cause === finding.cause ? verdict : rest;
}

const lostItsRecord =
  "kept a record of what the program called, in its kernel, and it could not be read. Run it again.";

const lostItsLink =
  "lost its link while the program ran: another command moved it to another network, or the program cut it. What the program met is of no one network.";

/** Something else was reached by what was begun after this had failed: it may not be what the program failed of. */
function wentOn({ attempts, lookups }: Target, targets: readonly Target[]): boolean {
  const isOver = Math.max(
    ...attempts.map(({ endedAt }) => endedAt),
    ...lookups.map(({ at, answer }) => answer?.at ?? at),
  );
  return targets.some(
    (other) => other.reached && other.attempts.some(({ at, outcome }) => at > isOver && outcome.kind === "connected"),
  );
}

/** All that was dialled for it failed: that nothing came back to a datagram is no failure. */
function failed({ attempts }: Target): boolean {
  return attempts.length > 0 && attempts.every(({ outcome }) => outcome.kind === "failed");
}

/** Asked for, answered, and not dialled: that is no failure. */
function wasOnlyTold(target: Target): boolean {
  // c-ares looks at the source address for a candidate that has no other beside it, too.
  const dialled = target.attempts.filter(
    ({ transport, pointed, sent }) => transport === "tcp" || !pointed || sent.octets > 0,
  );
  return dialled.length === 0 && answeredAddresses(target).length > 0;
}

/** What was dialled by IPv4 was found by NAT64 as well. */
function isSameServer({ nat64Prefix }: NetworkView, target: Target, translated: Target): boolean {
  if (target.attempts.length === 0 || nat64Prefix === undefined) return false;
  return target.attempts.every(({ address, port }) =>
    translated.attempts.some(
      (other) =>
        isTranslated(nat64Prefix, other.address) &&
        other.port === port &&
        extractIpv4(nat64Prefix, other.address) === address,
    ),
  );
}

function split<T>(values: readonly T[], test: (value: T) => boolean): [T[], T[]] {
  return [values.filter(test), values.filter((value) => !test(value))];
}

function distinct(findings: readonly Finding[]): Finding[] {
  return findings.filter((each, index) => findings.findIndex(({ words }) => words === each.words) === index);
}

function isThere<T>(value: T | undefined): value is T {
  return value !== undefined;
}

const weights = { certain: 0, probable: 1, possible: 2 } as const;

/** What explains the most comes first; among equals, what came first. That something is not to blame comes last. */
function weight({ confidence, cause }: Finding): number {
  return weights[confidence] + (cause === "not-for-want-of-ipv4" ? 3 : 0);
}
