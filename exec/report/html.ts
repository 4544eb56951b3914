/** The page of a program's runs: the verdict first, the evidence below it. */
import { markup, type Markup } from "../../report/markup";
import { banner, card, code, facts, folded, mark, pageHtml, type State } from "../../report/page";
import { asidesOf } from "./asides";
import type { ReportJson } from "./json";

export interface Picture {
  readonly name: string;
  /** `data:`, since the page loads nothing. */
  readonly url: string;
}

/** @param pictures what each run left. */
export function reportHtml(
  reports: readonly ReportJson[],
  functionName: string | undefined,
  conclusion = "",
  pictures: readonly (readonly Picture[])[] = [],
): string {
  const [first] = reports;
  const command = first?.command.join(" ") ?? "";
  const body = markup`<header><h1>${code(command)}</h1>${
    functionName === undefined ? undefined : markup`<p class="soft">${functionName}</p>`
  }</header>
${reports.length > 1 ? overview(reports, conclusion) : undefined}
${reports.map((report, index) => section(report, index, pictures[index] ?? []))}`;
  return pageHtml({ title: command, body, foot: "ipv6-only-lab · npm run exec" });
}

const marks = { works: "works", cause: "fails", "cannot-tell": "cannot tell", "not-run": "not run" } as const;
const states = { works: "good", cause: "bad", "cannot-tell": "warn", "not-run": "unknown" } as const;

/** What the verdict is in a word, and its colour. */
function verdictOf({ verdict }: ReportJson): { state: State; word: string; heading: string } {
  const innocent = "cause" in verdict && verdict.cause === "not-for-want-of-ipv4";
  return {
    state: innocent ? "warn" : states[verdict.kind],
    word: innocent ? "not the network" : marks[verdict.kind],
    heading: "title" in verdict ? verdict.title : verdict.words,
  };
}

/** Of several networks: a line each, and what they say together. */
function overview(reports: readonly ReportJson[], conclusion: string): Markup {
  const all = reports.map(verdictOf);
  const works = all.filter(({ state }) => state === "good").length;
  const notRun = reports.filter(({ verdict }) => verdict.kind === "not-run").length;
  const state =
    works === all.length
      ? "good"
      : notRun === all.length
        ? "unknown"
        : all.some((each) => each.state === "bad")
          ? "bad"
          : "warn";
  const rows = reports.map((report, index) => {
    const { state: own, word, heading } = verdictOf(report);
    return markup`<tr><th scope="row"><a href="#run-${index}">${report.network}</a></th><td>${report.scenario}</td><td>${mark(own, word)}</td><td>${own === "good" ? "" : heading}</td></tr>`;
  });
  const unknown = notRun === 0 ? "" : ` On ${notRun} it was not run.`;
  const words = `It works on ${works} of ${all.length} networks.${unknown}`;
  const word = { good: "Works", unknown: "Not run", bad: "Fails", warn: "Fails" }[state];
  return markup`${banner(state, state !== "good" && works > 0 ? "Works in part" : word, conclusion === "" ? words : conclusion)}
<div class="scroll"><table class="rows"><thead><tr><th scope="col">network</th><th scope="col">scenario</th><th scope="col"></th><th scope="col">cause</th></tr></thead><tbody>${rows}</tbody></table></div>`;
}

function section(report: ReportJson, index: number, pictures: readonly Picture[]): Markup {
  const { network, scenario, client, verdict, exitCode, timeline } = report;
  const { state, word, heading } = verdictOf(report);
  const rows = timeline.map(
    ({ after, who, what }) =>
      markup`<tr><td class="number">${after.toFixed(3)} s</td><td class="who">${code(who)}</td><td>${what}</td></tr>`,
  );
  const where = [network, scenario, client, `exit code ${exitCode}`];
  const asides = asidesOf(report).map(
    ([label, text]) => [label, label === "Shown by" ? markup`<pre>${text}</pre>` : text] as const,
  );
  const content = markup`<p class="soft">${where.join(" · ")}</p>${
    "title" in verdict ? markup`<p>${verdict.words}</p>` : undefined
  }${asides.length === 0 ? undefined : facts(asides)}${pictures.map(pictureMarkup)}${folded({
    open: true,
    summary: markup`What it did`,
    content: markup`<div class="scroll"><table class="rows"><tbody>${rows}</tbody></table></div>`,
  })}`;
  return card(`run-${index}`, state, markup`${mark(state, word)} ${heading}`, content);
}

function pictureMarkup({ name, url }: Picture): Markup {
  return markup`<figure><img src="${url}" alt="${name}"><figcaption>${name}</figcaption></figure>`;
}
