/** What one program came to on several networks: the experiment that tells IPv4's part in a failure. */
import { networkTerm } from "../run";
import type { Judged, Verdict } from "../verdict";
import { type Cause, causes } from "../verdict/causes";

/** One line a network, and what they say together. */
export function comparisonText(all: readonly Judged[]): string {
  const rows = all.map(({ run: { network }, verdict }) => ({
    name: `${network.name} (${networkTerm(network)})`,
    says: inWords(verdict),
  }));
  const width = Math.max(...rows.map(({ name }) => name.length));
  const lines = rows.map(({ name, says }) => `  ${name.padEnd(width)}  ${says}`);
  return [...lines, conclusion(all)].filter((line) => line !== "").join("\n");
}

function inWords(verdict: Verdict): string {
  switch (verdict.kind) {
    case "works":
      return verdict.remarks.length === 0 ? "works" : "works, and something deserves a word: see above";
    case "cause":
      return `FAILS ${causes[verdict.finding.cause].title}`;
    case "cannot-tell":
      return "I CANNOT TELL";
    case "not-run":
      return "NOT RUN";
  }
}

/**
 * Only what the runs show, and nothing where one of them tells nothing of its program, or of its network: what could not be
 * judged has not failed, and what somebody's fault keeps away is not what the network is.
 */
export function conclusion(all: readonly Judged[]): string {
  if (!all.every(tells)) return "";
  const worksWhere = (ipv4: boolean): boolean[] =>
    all.filter(({ run }) => (run.network.ipv4 !== "none") === ipv4).map(({ verdict }) => verdict.kind === "works");
  const [with4, without4] = [worksWhere(true), worksWhere(false)];
  if (all.every(({ verdict }) => verdict.kind === "works")) return "It works on every one of them.";
  if (all.every(({ verdict }) => verdict.kind !== "works"))
    return with4.length > 0 ? "It fails with IPv4 too: the want of IPv4 is not the reason, or not the only one." : "";
  if (with4.length > 0 && without4.length > 0 && with4.every(Boolean) && without4.every((works) => !works))
    return all.every(({ verdict }) => verdict.kind === "works" || needsIpv4(verdict))
      ? "It works wherever there is IPv4 and nowhere else: it needs IPv4."
      : "It works wherever there is IPv4 and nowhere else.";
  if (with4.length > 0 && with4.every(Boolean)) return "With IPv4 it works everywhere, without it on some networks.";
  return "";
}

/** Whether how it ended is its own doing, and the network's. */
function tells({ run, verdict }: Judged): boolean {
  const { end, lacks, gatewayLacks, faultsOn } = run;
  if (end.problem !== undefined || [...lacks, ...gatewayLacks, ...faultsOn].length > 0) return false;
  return verdict.kind === "cannot-tell" ? end.code !== 0 && !end.timedOut : verdict.kind !== "not-run";
}

/** Whether the program may be to blame, and not whom it wanted to reach. */
function needsIpv4(verdict: Verdict): boolean {
  return verdict.kind !== "cause" || !notItsOwn.includes(verdict.finding.cause);
}

/** Causes that are its server's, its network's or its name's, or that IPv4 would not take away. */
const notItsOwn: readonly Cause[] = [
  ...(["server-record-wrong", "server-without-ipv6", "third-party-without-ipv6", "proxy"] as const),
  ...(["path-mtu", "dnssec", "name-not-resolved", "not-for-want-of-ipv4"] as const),
];
