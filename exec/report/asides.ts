/** What deserves a word beside the verdict, in every form of a report. */
import { faultsOnWords } from "../../verify/path-faults";
import type { ReportJson } from "./json";

/** What it is, and what there is of it. */
export type Aside = readonly [label: string, text: string];

export function asidesOf(report: ReportJson): Aside[] {
  const { faultsOn, gatewayLacks, counterExperiment, verdict, left, goingOn, unseen } = report;
  const confidence = "confidence" in verdict ? [["Confidence", verdict.confidence] as const] : [];
  return [
    ...(faultsOn.length === 0 ? [] : [["Faults in its way", faultsOnWords(faultsOn)] as const]),
    ...confidence,
    ...("call" in verdict && verdict.call !== undefined
      ? [["Shown by", `${verdict.process}  ${verdict.call}`] as const]
      : []),
    ...("wayOut" in verdict ? [["Way out", `${verdict.wayOut} [${verdict.cites}]`] as const] : []),
    ...(counterExperiment === undefined ? [] : [["Counter-experiment", counterExperiment] as const]),
    ...verdict.remarks.map(({ title, words }) => ["Beside that", `${title}. ${words}`] as const),
    ...(gatewayLacks.length === 0
      ? []
      : [["The lab itself is not whole", `on the gateway ${gatewayLacks.join(", ")}`] as const]),
    ...left.map((each) => ["It forked away and was ended", each] as const),
    ...goingOn.map((each) => ["Its container goes on", each] as const),
    ...unseen.map((each) => ["Not seen", each] as const),
  ];
}
