/** The report for a terminal: the verdict first, then what it stands on. */
import { faultsOnWords } from "../../verify/path-faults";
import { callAt, networkTerm, type Run } from "../run";
import { targetsOf } from "../targets";
import { timeline, who } from "../timeline";
import { notWhole, type Verdict } from "../verdict";
import { causes, type Finding } from "../verdict/causes";
import { beginning } from "../verdict/words";
import { headline } from "./headline";

/** @param counter what the counter-experiment says; undefined: there was none. */
export function reportText(run: Run, verdict: Verdict, counter?: string): string {
  const moments = timeline(run, targetsOf(run));
  const shown = moments.slice(0, mostMoments);
  const rest = moments.length - shown.length;
  return [
    `── ${run.command.join(" ")} · ${run.network.name} (${networkTerm(run.network)}) · ${run.client}`,
    ...(run.faultsOn.length === 0 ? [] : [faultsLine(run)]),
    ...verdictLines(run, verdict),
    ...(verdict.kind === "works" && run.gatewayLacks.length > 0 ? [`  ${notWhole(run)}`] : []),
    ...(counter === undefined ? [] : [`  Counter-experiment: ${counter}`]),
    "",
    ...shown.map(({ after, who: process, what }) => `  ${after.toFixed(3).padStart(8)} s  ${process}  ${what}`),
    ...(rest > 0 ? [`  … and ${rest} more: --json has all.`] : []),
    ...run.end.left.map((left) => `  It forked away and went on; it was ended when the program had ended: ${left}`),
    ...run.end.goingOn.map(
      (each) => `  Its container goes on, until somebody ends it (docker ps, docker stop): ${each}`,
    ),
    ...run.activity.unseen.map((each) => `  Not seen: ${each}.`),
  ]
    .map(visible)
    .join("\n");
}

/** Arguments, names and answers are others' words: none of them moves the cursor or begins a line of the report's own. */
function visible(line: string): string {
  return line.replace(/[\u0000-\u001f\u007f-\u009f]/g, (each) =>
    each === "\n" ? "\\n" : `\\x${each.charCodeAt(0).toString(16).padStart(2, "0")}`,
  );
}

/** Whatever the verdict is, they may be the reason. */
function faultsLine({ faultsOn }: Run): string {
  return `  With faults in its way, which somebody has switched on (npm run fault): ${faultsOnWords(faultsOn)}.`;
}

/** Lines of the timeline that a terminal is given. */
const mostMoments = 60;

function verdictLines(run: Run, verdict: Verdict): string[] {
  switch (verdict.kind) {
    case "not-run":
      return [headline(verdict)];
    case "works":
      return [`${headline(verdict)}  ${verdict.words}`, ...remarkLines(run, verdict.remarks)];
    case "cannot-tell":
      return [headline(verdict), ...remarkLines(run, verdict.remarks)];
    case "cause": {
      const { finding } = verdict;
      const { title, wayOut, cites } = causes[finding.cause];
      return [
        headline({ kind: "cause", title, ...finding }),
        `  ${finding.words}`,
        ...shownBy(run, finding),
        `  Way out: ${wayOut} [${cites}]`,
        ...remarkLines(run, verdict.remarks),
      ];
    }
  }
}

function shownBy(run: Run, finding: Finding): string[] {
  if (finding.line === undefined) return [];
  return [`  Shown by ${who(run, finding)}: ${beginning(callAt(run, finding.line), mostOfCall)}`];
}

function remarkLines(run: Run, remarks: readonly Finding[]): string[] {
  return remarks.map((each) => `  Beside that: ${causes[each.cause].title}. ${each.words} ${who(run, each)}`);
}

/** Characters of a call: with its data it can be long. */
const mostOfCall = 240;
