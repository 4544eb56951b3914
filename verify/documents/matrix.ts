/** The matrix: what works and what fails, a row for each fault and each check of one's own, a column for each network. */
import { traits } from "../../plan/scenario";
import { markup, type Markup } from "../../report/markup";
import type { State } from "../../report/page";
import type { CheckResult } from "../report";
import { clientOf, type Look, type Numbered, placesOf, type Place, rowOf } from "./look";

interface Row {
  readonly name: string;
  readonly title: string;
  readonly group: string;
}

/** Nothing where nothing was tried that works or fails. */
export function matrix(look: Look): Markup | undefined {
  const columns = placesOf(look).filter(({ results }) => results.some(({ result }) => rowOf(result) !== undefined));
  if (columns.length === 0) return undefined;
  const rows = rowsOf(look).filter(({ name }) => columns.some((column) => cellOf(column, name) !== undefined));
  const clients = new Set(columns.map(({ machine }) => clientOf(machine)));
  const groups = [...new Set(rows.map(({ group }) => group))];
  const body = groups.map((group) => [
    markup`<tr class="group"><th colspan="${columns.length + 1}" scope="colgroup"><span>${group}</span></th></tr>`,
    rows.filter((row) => row.group === group).map((row) => line(row, columns)),
  ]);
  return markup`<div class="scroll" tabindex="0" role="region" aria-label="The matrix"><table class="grid"><thead><tr><th></th>${columns.map((column) => heading(column, clients.size > 1))}</tr></thead><tbody>${body}</tbody></table></div>${legend}`;
}

function rowsOf({ access, report }: Look): Row[] {
  const own = report.results.flatMap((result) => (result.own === undefined ? [] : [result.own]));
  return [
    ...[...new Set(own)].map((name) => ({ name, title: name, group: "Checks of this stack's own" })),
    ...access.promised.faults.map(({ name, title, row }) => ({ name, title, group: row })),
  ];
}

/** @param named whether the client must be told, since there are several. */
function heading({ machine, network }: Place, named: boolean): Markup {
  const term = network === undefined ? "" : traits[network.scenario].term;
  const client = named ? markup`<span class="soft">${clientOf(machine)}</span>` : undefined;
  return markup`<th scope="col">${network?.name ?? machine}<span class="soft">${term}</span>${client}</th>`;
}

function line({ name, title }: Row, columns: readonly Place[]): Markup {
  return markup`<tr><th scope="row" title="${title}">${name}</th>${columns.map((column) => cell(cellOf(column, name)))}</tr>`;
}

function cellOf({ results }: Place, name: string): Numbered | undefined {
  return results.find(({ result }) => rowOf(result) === name);
}

function cell(numbered: Numbered | undefined): Markup {
  const outcome = numbered?.result.outcome;
  if (numbered === undefined || outcome === undefined) return markup`<td></td>`;
  const { sign, state } = looks[numbered.result.status];
  // What must fail and does is as it should be, and no good news.
  const quiet = numbered.result.status === "pass" && outcome.seen === "fails" ? " quiet" : "";
  return markup`<td class="${state}${quiet}"><a href="#${numbered.id}">${sign} ${outcome.seen}</a></td>`;
}

const looks: Readonly<Record<CheckResult["status"], { readonly sign: string; readonly state: State }>> = {
  pass: { sign: "✓", state: "good" },
  fail: { sign: "✗", state: "bad" },
  warning: { sign: "!", state: "warn" },
  skipped: { sign: "·", state: "unknown" },
};

/** Colour alone tells nobody anything. */
const legend = markup`<p class="legend"><span>✓ as expected: what must fail, fails</span><span>✗ not as expected</span><span>! as expected at the second try only</span><span>· not judged: left to the program that is tested, or nothing is proved by it</span><span>Each cell leads to what was seen.</span></p>`;
