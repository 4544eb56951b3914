/** One page that needs nothing else: the verdict first, the evidence below it. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { ReportJson } from "./json";
import { escapeXml as escape } from "./junit";

export function reportHtml(reports: readonly ReportJson[], functionName: string | undefined): string {
  const style = readFileSync(join(__dirname, "page.css"), "utf8");
  const title = escape(reports[0]?.command.join(" ") ?? "");
  const label = functionName === undefined ? "" : `<p class="label">${escape(functionName)}</p>`;
  return [
    "<!doctype html>",
    `<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">`,
    `<title>${title}</title><style>${style}</style></head><body>`,
    `<h1><code>${title}</code></h1>${label}`,
    ...reports.map(section),
    "</body></html>",
    "",
  ].join("\n");
}

const marks = { works: "works", cause: "fails", "cannot-tell": "cannot tell", "not-run": "not run" } as const;

function section(report: ReportJson): string {
  const { network, scenario, client, verdict, exitCode, timeline } = report;
  const innocent = "cause" in verdict && verdict.cause === "not-for-want-of-ipv4";
  const heading = "title" in verdict ? verdict.title : verdict.words;
  const rows = timeline.map(
    ({ after, who, what }) =>
      `<tr><td class="time">${after.toFixed(3)} s</td><td><code>${escape(who)}</code></td><td>${escape(what)}</td></tr>`,
  );
  const details =
    "title" in verdict
      ? [
          `<p>${escape(verdict.words)}</p>`,
          `<p><b>Way out.</b> ${escape(verdict.wayOut)} <cite>${escape(verdict.cites)}</cite></p>`,
          ...(verdict.call === undefined ? [] : [`<pre>${escape(`${verdict.process}  ${verdict.call}`)}</pre>`]),
        ]
      : [];
  const remarks = verdict.remarks.map((each) => `<li>${escape(`${each.title}: ${each.words}`)}</li>`);
  return [
    `<section class="${innocent ? "innocent" : verdict.kind}">`,
    `<h2><span class="mark">${innocent ? "not the network" : marks[verdict.kind]}</span> ${escape(heading)}</h2>`,
    `<p class="where">${escape(`${network} · ${scenario} · ${client} · exit code ${exitCode}`)}${"confidence" in verdict ? escape(` · ${verdict.confidence}`) : ""}</p>`,
    ...details,
    remarks.length === 0 ? "" : `<h3>Beside that</h3><ul>${remarks.join("")}</ul>`,
    `<details open><summary>What it did</summary><table>${rows.join("")}</table></details>`,
    "</section>",
  ].join("\n");
}
