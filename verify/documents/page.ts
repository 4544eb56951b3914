/** The page of a look at a lab: the verdict, the picture, the matrix, and every check with what was seen. */
import { traits } from "../../plan/scenario";
import { markup, type Markup } from "../../report/markup";
import { banner, card, code, facts, folded, mark, pageHtml, type State } from "../../report/page";
import { type NetworkMark, topologySvg } from "../../report/topology-svg";
import { byHand } from "../faults";
import { exitCodes, outcomeOf, type ReportOutcome } from "../outcome";
import { type KeptPackets, rowKey } from "../packets";
import { type CheckResult, counted, marks } from "../report";
import { labTopology } from "../topology";
import { clientOf, type Look, type Numbered, type Place, placesOf } from "./look";
import { matrix } from "./matrix";

export function verifyPage(look: Look): string {
  const { report, at } = look;
  const places = placesOf(look);
  const grid = matrix(look);
  const body = markup`<header><h1>${report.lab}</h1><p class="soft">${told(look, places)}</p></header>
${verdict(look, places)}
${picture(look, places)}
${grid === undefined ? undefined : card("matrix", undefined, markup`What works where`, grid)}
${places.map((place, index) => section(place, index, look))}`;
  const foot = `ipv6-only-lab · npm run verify · ${moment(at)} · exit code ${exitCodes[outcomeOf(report)]}`;
  return pageHtml({ title: `${verdicts[outcomeOf(report)].words} · ${report.lab}`, body, foot });
}

const verdicts: Readonly<Record<ReportOutcome, { readonly words: string; readonly state: State }>> = {
  "as expected": { words: "As expected", state: "good" },
  "not as expected": { words: "Not as expected", state: "bad" },
  "nothing told": { words: "Nothing could be told", state: "unknown" },
  warnings: { words: "As expected, with warnings", state: "warn" },
};

const states: Readonly<Record<CheckResult["status"], State>> = {
  pass: "good",
  fail: "bad",
  skipped: "unknown",
  warning: "warn",
};

/** A day and a time that mean the same everywhere. */
function moment(at: Date): string {
  return `${at.toISOString().slice(0, 16).replace("T", " ")} UTC`;
}

function told({ at, seconds }: Look, places: readonly Place[]): string {
  const networks = new Set(places.flatMap(({ network }) => network?.name ?? [])).size;
  const whole = Math.round(seconds);
  const took = whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return [`seen on ${moment(at)}`, ...(networks > 1 ? [`${networks} networks`] : []), `it took ${took}`].join(" · ");
}

function verdict({ report }: Look, places: readonly Place[]): Markup {
  const { words, state } = verdicts[outcomeOf(report)];
  const all = places.flatMap(({ results }) => results);
  const odd = [
    ...all.filter(({ result }) => result.status === "fail"),
    ...all.filter(({ result }) => result.status === "warning"),
  ];
  const list = odd.map(
    ({ result, id }) =>
      markup`<li>${mark(states[result.status], marks[result.status])} <a href="#${id}">${result.machine}: ${result.check}</a><br><span class="soft">${result.remedy}</span></li>`,
  );
  const faultsOn = report.faultsOn === undefined ? undefined : markup`<p>${report.faultsOn}</p>`;
  const wrong = list.length === 0 ? undefined : markup`<ul>${list}</ul>`;
  return banner(state, words, counted(report.results), markup`${faultsOn}${wrong}`);
}

function isOdd({ status }: CheckResult): boolean {
  return status === "fail" || status === "warning";
}

function picture({ access }: Look, places: readonly Place[]): Markup {
  const topology = labTopology(access);
  const seen = places.flatMap((place, index) => {
    const { network, results } = place;
    if (network === undefined) return [];
    const all = results.map(({ result }) => result);
    const mark: NetworkMark = { state: stateOf(all), words: counted(all), href: `#place-${index}` };
    return [[network.name, mark] as const];
  });
  // Of several clients on a network the worst is told.
  const known = new Map<string, NetworkMark>();
  for (const [name, each] of seen) {
    const before = known.get(name);
    if (before === undefined || rank[each.state] > rank[before.state]) known.set(name, each);
  }
  const drawn = (["wide", "narrow"] as const).map((shape) => topologySvg(topology, { shape, marks: known }));
  return card("topology", undefined, markup`The lab`, markup`<div class="picture">${drawn}</div>`);
}

const rank: Readonly<Record<State, number>> = { unknown: 0, good: 1, warn: 2, bad: 3 };

/** Of all of them together: the worst that is known. */
function stateOf(results: readonly CheckResult[]): State {
  return results.reduce<State>((worst, { status }) => {
    const state = states[status];
    return rank[state] > rank[worst] ? state : worst;
  }, "unknown");
}

function section({ machine, network, results }: Place, index: number, look: Look): Markup {
  const all = results.map(({ result }) => result);
  const heading =
    network === undefined
      ? markup`${machine}`
      : markup`${network.name} <span class="soft">${traits[network.scenario].term} · seen from ${clientOf(machine)}</span>`;
  const faults = results.filter(({ result }) => result.fault !== undefined);
  const own = results.filter(({ result }) => result.own !== undefined);
  const checks = results.filter(({ result }) => result.fault === undefined && result.own === undefined);
  const content = markup`<p class="soft">${counted(all)}</p>${table(checks, look)}${group("Checks of this stack's own", own, look)}${group("Faults of the simulated internet", faults, look)}`;
  return card(`place-${index}`, stateOf(all), heading, content);
}

function group(title: string, results: readonly Numbered[], look: Look): Markup | undefined {
  if (results.length === 0) return undefined;
  const all = results.map(({ result }) => result);
  return folded({
    open: all.some(isOdd),
    summary: markup`${title}: ${counted(all)}`,
    content: table(results, look),
  });
}

function table(results: readonly Numbered[], look: Look): Markup {
  if (results.length === 0) return markup``;
  const rows = results.map(
    ({ result, id }) =>
      markup`<tr><td class="status">${mark(states[result.status], marks[result.status])}</td><td>${folded({
        id,
        open: result.status === "fail",
        summary: markup`${result.check}`,
        content: evidence(result, look),
      })}</td></tr>`,
  );
  return markup`<table class="rows"><tbody>${rows}</tbody></table>`;
}

function evidence(result: CheckResult, { access: { promised }, packets }: Look): Markup {
  const { machine, network = "", fault, own, outcome, evidence: seen, remedy } = result;
  const tried = promised.faults.find(({ name }) => name === fault);
  const tries = promised.checks.find(({ title }) => title === own)?.tries;
  return facts([
    ["Expected", outcome === undefined ? undefined : (outcome.expected ?? "left to the program that is tested")],
    ["Seen", outcome?.seen],
    [outcome === undefined ? "Seen" : "In its words", code(seen)],
    ["Ran", tries?.kind === "command" ? code(tries.command) : undefined],
    ["Fetched", tries?.kind === "url" ? code(tries.url) : undefined],
    ["Asked for", tried === undefined ? undefined : code(tried.url)],
    ["By way of", tried?.proxy === undefined ? undefined : code(tried.proxy)],
    ["Packets", download(result, packets.get(rowKey(result)))],
    ["In the draft", tried?.row],
    ["What to do", remedy],
    ["By hand", tried === undefined ? undefined : code(byHand(promised, clientOf(machine), network, tried))],
  ]);
}

/** The file is in the page; its name tells what it is of. */
function download(result: CheckResult, kept: KeptPackets | undefined): Markup | undefined {
  if (kept === undefined) return undefined;
  const name = [result.fault ?? "leaks", result.network].filter((word) => word !== undefined).join("-");
  const data = `data:application/octet-stream;base64,${kept.pcapng.toString("base64")}`;
  return markup`<a download="${name}.pcapng" href="${data}">${name}.pcapng</a> <span class="soft">${kept.words}</span>`;
}
