/** What one program came to on several networks: the experiment that tells IPv4's part in a failure. */
import { networkTerm } from "../run";
import type { Judged, Verdict } from "../verdict";
import { causes } from "../verdict/causes";

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
      return "FAILS and I cannot tell why";
    case "not-run":
      return "NOT RUN";
  }
}

/** Only what the runs show, and nothing where some of them tell nothing. */
export function conclusion(all: readonly Judged[]): string {
  if (all.some(({ verdict }) => verdict.kind === "not-run")) return "";
  const worksWhere = (ipv4: boolean): boolean[] =>
    all.filter(({ run }) => (run.network.ipv4 !== "none") === ipv4).map(({ verdict }) => verdict.kind === "works");
  const [with4, without4] = [worksWhere(true), worksWhere(false)];
  if (all.every(({ verdict }) => verdict.kind === "works")) return "It works on every one of them.";
  if (all.every(({ verdict }) => verdict.kind !== "works"))
    return with4.length > 0 ? "It fails with IPv4 too: the want of IPv4 is not the reason, or not the only one." : "";
  if (with4.length > 0 && without4.length > 0 && with4.every(Boolean) && without4.every((works) => !works))
    return "It works wherever there is IPv4 and nowhere else: it needs IPv4.";
  if (with4.length > 0 && with4.every(Boolean)) return "With IPv4 it works everywhere, without it on some networks.";
  return "";
}
