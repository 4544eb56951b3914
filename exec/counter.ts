/**
 * The counter-experiment: the same program once more on the same network, with the one thing changed that is in doubt, a
 * way to IPv4 (464XLAT). It confirms a cause, or takes certainty from it.
 */
import { networkTerm, type Run } from "./run";
import { isLoopback, type Target, targetsOf } from "./targets";
import type { Judged, Verdict } from "./verdict";
import { causes, type Finding } from "./verdict/causes";

/** What the second run says of the first. */
export interface Counter {
  readonly verdict: Verdict;
  /** In a sentence or two. */
  readonly words: string;
}

/** Undefined: a run with IPv4 can say something about this one. Else why it cannot, or need not. */
export function needless({ run, verdict }: Judged): string | undefined {
  const { network } = run;
  if (verdict.kind === "works" || verdict.kind === "not-run") return "there is no failure to explain";
  if (network.ipv4 !== "none") return `${network.name} has IPv4 already`;
  if (run.listening !== undefined) return "a server is tried from outside, where a CLAT leads nobody in";
  if (network.nat64Prefix === undefined) return `nobody translates on ${network.name}, so no CLAT runs there`;
  return undefined;
}

/** The verdict on the first run, in the light of the second one with IPv4. */
export function inTheLightOf(first: Judged, second: Judged): Counter {
  const { verdict } = first;
  if (second.verdict.kind === "not-run") {
    return { verdict, words: `It could not be repeated with IPv4: ${second.verdict.words}` };
  }
  const here = `${networkTerm(first.run.network)} (${first.run.network.name})`;
  if (second.verdict.kind !== "works") {
    const words = `It fails on ${here}, and with a CLAT too, ${why(second.verdict)}: the want of IPv4 is not the reason, or not the only one.`;
    return { verdict: weakened(verdict), words };
  }
  const told = `It fails on ${here} and works there with a CLAT`;
  const way = ipv4Way(second.run);
  const wantsFamily = verdict.kind === "cause" && verdict.finding.cause === "a-only" && way === undefined;
  if (verdict.kind === "cause" && (verdict.finding.cause === "own-ipv4-address" || wantsFamily)) {
    const { cause, confidence } = verdict.finding;
    // Who asked for all addresses may have failed by chance.
    const finding: Finding = { ...verdict.finding, confidence: confidence === "possible" ? "probable" : "certain" };
    return {
      verdict: { ...verdict, finding },
      words: `${told}, where ${second.run.client} has an IPv4 address: ${causes[cause].title}.`,
    };
  }
  if (way === undefined) {
    const words = `${told}, and was not seen to do anything by IPv4 there: it looked for IPv4 in a way that leaves no trace, or it does not fail every time.`;
    // Whatever it was, the second run has refuted that IPv4 would not help.
    if (verdict.kind !== "cause" || verdict.finding.cause !== "not-for-want-of-ipv4") return { verdict, words };
    return {
      verdict: {
        kind: "cannot-tell",
        words: `${verdict.finding.words} With a CLAT it works.`,
        remarks: verdict.remarks,
      },
      words,
    };
  }
  if (verdict.kind === "cause" && verdict.finding.cause !== "not-for-want-of-ipv4") {
    const { cause } = verdict.finding;
    const about = targetOf(first.run, verdict.finding);
    // What it did by IPv4 for something else explains nothing of this.
    if (cause !== way.cause && about !== undefined && about !== way.what)
      return { verdict, words: `${told}, where it ${way.words}: what that has to do with ${about} is not known.` };
    const finding: Finding = { ...verdict.finding, confidence: "certain" };
    return { verdict: { ...verdict, finding }, words: `${told}, where it ${way.words}: ${causes[cause].title}.` };
  }
  // What it did with IPv4 is what it could not do without.
  const { cause, words: did } = way;
  const [process] = first.run.processes.all;
  const finding: Finding = {
    ...{ cause, confidence: "probable", words: `With a CLAT it ${did}, and then it works.` },
    ...{ process: process?.pid ?? 0, line: undefined },
  };
  const remarks = verdict.kind === "not-run" ? [] : verdict.remarks;
  return {
    verdict: { kind: "cause", finding, remarks },
    words: `${told}, where it ${did}: ${causes[cause].title}.`,
  };
}

/** What it reached by IPv4 alone, and which cause that is without. */
function ipv4Way(run: Run) {
  for (const target of targetsOf(run).filter(({ reached }) => reached)) {
    const came = target.attempts.filter(({ address, outcome }) => outcome.kind === "connected" && !isLoopback(address));
    const [first] = came;
    if (first !== undefined && came.every(({ family }) => family === "IPv4"))
      return { what: target.what, ...wayTo(target, first.address) };
  }
  return undefined;
}

/** Which target a finding is about; undefined: none, or nobody knows. */
function targetOf(run: Run, { process, line }: Finding): string | undefined {
  if (line === undefined) return undefined;
  return targetsOf(run).find(({ attempts, lookups }) =>
    [...attempts, ...lookups].some((each) => each.process === process && each.line === line),
  )?.what;
}

function wayTo({ origin, what, lookups }: Target, address: string) {
  if (origin !== "name") {
    return { cause: "ipv4-literal", words: `dialled ${address} without asking for a name` } as const;
  }
  const askedForIpv6 = lookups.some(({ types }) => types.includes("AAAA"));
  return askedForIpv6
    ? ({
        cause: "first-candidate-only",
        words: `dialled ${address} of ${what}, for which it had asked for AAAA too`,
      } as const)
    : ({ cause: "a-only", words: `dialled ${address}, having asked for A of ${what} and never for AAAA` } as const);
}

function why(verdict: Verdict): string {
  return verdict.kind === "cause" ? `because ${causes[verdict.finding.cause].title}` : "and why is not known";
}

/** Where IPv4 does not help, a cause for want of it is one possibility among others. */
function weakened(verdict: Verdict): Verdict {
  if (verdict.kind !== "cause" || verdict.finding.cause === "not-for-want-of-ipv4") return verdict;
  return { ...verdict, finding: { ...verdict.finding, confidence: "possible" } };
}
