/** Runs as test cases, in the form that CI systems read. */
import type { ReportJson } from "./json";

export function reportJunit(reports: readonly ReportJson[], functionName: string | undefined): string {
  const cases = reports.map((report) => testCase(report, functionName));
  const count = (mark: string): number => cases.filter((each) => each.includes(`<${mark} `)).length;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuite name="ipv6-only-lab exec" tests="${cases.length}" failures="${count("failure")}" errors="${count("error")}">`,
    ...cases,
    "</testsuite>",
    "",
  ].join("\n");
}

function testCase(
  { network, scenario, client, command, seconds, verdict, timeline }: ReportJson,
  functionName?: string,
): string {
  const words = "title" in verdict ? `${verdict.title}: ${verdict.words}` : verdict.words;
  const mark = { works: "", cause: "failure", "cannot-tell": "failure", "not-run": "error" }[verdict.kind];
  const lines = timeline.map(({ after, who, what }) => `${after.toFixed(3)} s ${who} ${what}`);
  const wayOut = "wayOut" in verdict ? [`Way out: ${verdict.wayOut} [${verdict.cites}]`] : [];
  return [
    `  <testcase classname="${escapeXml([scenario, network, client, functionName].filter((each) => each !== undefined).join(" / "))}" name="${escapeXml(command.join(" "))}" time="${(seconds ?? 0).toFixed(3)}">`,
    ...(mark === ""
      ? []
      : [`    <${mark} message="${escapeXml(words)}">${escapeXml([...wayOut, ...lines].join("\n"))}</${mark}>`]),
    `    <system-out>${escapeXml(lines.join("\n"))}</system-out>`,
    "  </testcase>",
  ].join("\n");
}

/** Control characters are none of XML 1.0's, however they are written. */
export function escapeXml(text: string): string {
  const marks: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
  return text.replace(/[&<>"]/g, (mark) => marks[mark] ?? mark).replace(/[^\n\t\u0020-\uFFFD]/g, "\uFFFD");
}
