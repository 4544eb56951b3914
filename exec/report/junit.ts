/** Runs as test cases, in the form that CI systems read. */
import { junitXml, type JunitCase } from "../../report/junit";
import { asidesOf } from "./asides";
import type { ReportJson } from "./json";

export function reportJunit(reports: readonly ReportJson[], functionName: string | undefined): string {
  const cases = reports.map((report) => testCase(report, functionName));
  return junitXml("ipv6-only-lab exec", [{ name: "ipv6-only-lab exec", cases }]);
}

function testCase(report: ReportJson, functionName?: string): JunitCase {
  const { network, scenario, client, command, seconds, verdict, timeline } = report;
  const message = "title" in verdict ? `${verdict.title}: ${verdict.words}` : verdict.words;
  const kinds = { works: undefined, cause: "failure", "cannot-tell": "error", "not-run": "error" } as const;
  const kind = kinds[verdict.kind];
  const asides = asidesOf(report).map(([label, text]) => `${label}: ${text}`);
  const lines = timeline.map(({ after, who, what }) => `${after.toFixed(3)} s ${who} ${what}`);
  return {
    classname: [scenario, network, client, functionName].filter((each) => each !== undefined).join(" / "),
    name: command.join(" "),
    seconds,
    problem: kind === undefined ? undefined : { kind, message, text: [...asides, ...lines].join("\n") },
    output: [message, ...asides, ...lines].join("\n"),
  };
}
