/** Runs as test cases, in the form that CI systems read. */
import { junitXml, type JunitCase } from "../../report/junit";
import { faultsOnWords } from "../../verify/path-faults";
import type { ReportJson } from "./json";

export function reportJunit(reports: readonly ReportJson[], functionName: string | undefined): string {
  const cases = reports.map((report) => testCase(report, functionName));
  return junitXml("ipv6-only-lab exec", [{ name: "ipv6-only-lab exec", cases }]);
}

function testCase(
  { network, scenario, client, command, seconds, verdict, timeline, faultsOn }: ReportJson,
  functionName?: string,
): JunitCase {
  const message = "title" in verdict ? `${verdict.title}: ${verdict.words}` : verdict.words;
  const kinds = { works: undefined, cause: "failure", "cannot-tell": "failure", "not-run": "error" } as const;
  const kind = kinds[verdict.kind];
  const faults = faultsOn.length === 0 ? [] : [`Faults in its way: ${faultsOnWords(faultsOn)}`];
  const lines = timeline.map(({ after, who, what }) => `${after.toFixed(3)} s ${who} ${what}`);
  const wayOut = "wayOut" in verdict ? [`Way out: ${verdict.wayOut} [${verdict.cites}]`] : [];
  return {
    classname: [scenario, network, client, functionName].filter((each) => each !== undefined).join(" / "),
    name: command.join(" "),
    seconds,
    problem: kind === undefined ? undefined : { kind, message, text: [...faults, ...wayOut, ...lines].join("\n") },
    output: [...faults, ...lines].join("\n"),
  };
}
