/** The faults of the simulated internet, as a client on a network meets them: the table of faults of the IETF's draft. */
import {
  type ClientAccess,
  command,
  ipv4Way,
  type LabAccess,
  networkOf,
  type PromisedNetwork,
  wayToIpv4Content,
} from "./access";
import { type Asked, tryFaults } from "./facts";
import { fetched } from "./fetched";
import type { CheckResult, Outcome, Seen } from "./report";
import { notStarted, section, type Section, type Sections } from "./sections";

export type PromisedFault = LabAccess["promised"]["faults"][number];

/** What became of one fault on one network. */
export interface FaultResult {
  readonly fault: PromisedFault;
  /** Undefined: the draft leaves it to the program that is tested. */
  readonly expected: Outcome | undefined;
  readonly seen: Seen;
  readonly evidence: string;
  /** The program that tries it is not there, or cannot be run: nothing is known by that of the network. */
  readonly untried?: true;
  /** It had to be tried again. */
  readonly again?: true;
}

/**
 * The column of the draft's table that a network is for a client. One that has NAT64 without DNS64 is none for a client
 * without a CLAT: nothing synthesizes addresses for it, and it has no way to IPv4 there, as in strict.
 */
export function columnOf(client: ClientAccess, network: PromisedNetwork): keyof PromisedFault["expected"] {
  const ipv4 = ipv4Way(client, network);
  if (ipv4 === "native") return network.ipv6 === undefined ? "ipv4-only" : "dual-stack";
  if (ipv4 === "clat") return "nat64-clat";
  return wayToIpv4Content(client, network) === "name" ? "nat64-dns64" : "ipv6-only-strict";
}

/** Seconds for each, at first: twice what the slowest needs. */
const firstPatience = 10;

/** What is right to see of a fault; undefined: the draft leaves it to the program that is tested. */
export function expectedOf(
  { expected, pathMtu }: PromisedFault,
  client: ClientAccess,
  network: PromisedNetwork,
): Outcome | undefined {
  return pathMtu !== undefined && network.mtu <= pathMtu ? "works" : expected[columnOf(client, network)];
}

/**
 * Tries all of them from a client. What does not come out as it should, and may by chance, is tried once more, with more
 * time, when the others are over: many at once keep a small machine so busy that some of them wait too long.
 */
export async function faultResults(lab: LabAccess, client: ClientAccess, asked: Asked): Promise<FaultResult[]> {
  const { faults } = lab.promised;
  if (faults.length === 0) return [];
  const here = { client, network: networkOf(lab, client) };
  const column = columnOf(client, here.network);
  const first = readFaults(faults, here, await tryFaults(asked, faults, firstPatience));
  const odd = first.filter((each) => !isRight(each) && !isCertain(each, column)).map(({ fault }) => fault);
  if (odd.length === 0) return first;
  return withSecondTry(first, readFaults(odd, here, await tryFaults(asked, odd)));
}

export function isRight({ expected, seen, untried }: FaultResult): boolean {
  return expected === undefined || (seen === expected && untried !== true);
}

/**
 * What must fail and was answered once has a way there, which no busy machine makes. Where there is DNS64 one may be made: of
 * an AAAA that comes too late (RFC 6147 section 5.1.2).
 */
function isCertain({ expected, seen }: FaultResult, column: keyof PromisedFault["expected"]): boolean {
  return expected === "fails" && seen !== "fails" && column !== "nat64-dns64";
}

/** The second look counts, and says that it is one. */
export function withSecondTry(first: readonly FaultResult[], second: readonly FaultResult[]): FaultResult[] {
  return first.map((each) => {
    const again = second.find(({ fault }) => fault.name === each.fault.name);
    return again === undefined
      ? each
      : { ...again, again: true, evidence: `${again.evidence} (second try; the first: ${each.evidence})` };
  });
}

export function readFaults(
  faults: readonly PromisedFault[],
  here: { readonly client: ClientAccess; readonly network: PromisedNetwork },
  sections: Sections,
): FaultResult[] {
  return faults.map((fault) => {
    const said = section(sections, fault.name);
    return {
      fault,
      expected: expectedOf(fault, here.client, here.network),
      seen: fault.url.startsWith("dns:") ? answered(said) : fetched(said.exitCode, statusIn(said)),
      evidence: said.output === "" ? "no answer" : said.output,
      ...(notStarted.includes(said.exitCode) ? { untried: true } : {}),
    };
  });
}

/** What dig(1) came to. */
function answered({ exitCode, output }: Section): Outcome {
  return exitCode === 0 && output !== "" && !output.startsWith(";;") ? "works" : "fails";
}

/** The last that curl says. That a proxy could not get there (RFC 9110 section 9.3.6) is no answer of the server's: 000. */
function statusIn({ output }: Section): number {
  return Number(/(?:^| )(\d{3}) \S* [\d.]+$/.exec(output)?.[1] ?? 0);
}

/**
 * As rows of a report: a failure that must happen is a pass, unless everything fails. One that came right at the second
 * try only is told of.
 * @param client its name.
 */
export function faultChecks(
  { promised }: Pick<LabAccess, "promised">,
  client: string,
  network: string,
  results: readonly FaultResult[],
): CheckResult[] {
  const nothingWorks = provesNothing(results);
  return results.map((result) => {
    const { fault, expected, seen, evidence } = result;
    return {
      machine: `${client} @ ${network}`,
      network,
      fault: fault.name,
      check: `${fault.name} (${fault.title}) ${expected ?? "is left to the program"}`,
      outcome: { ...(expected === undefined ? {} : { expected }), seen },
      evidence: expected === undefined ? `${seen}: ${evidence}` : evidence,
      ...statusOf(result, nothingWorks, {
        byHand: byHand(promised, client, network, fault),
        shell: command(promised, "ssh", client),
      }),
    };
  });
}

/** Where nothing at all works, nothing is known by what must fail. */
function provesNothing(results: readonly FaultResult[]): boolean {
  return !results.some(({ seen }) => seen === "works");
}

interface Ways {
  /** What tries it once more. */
  readonly byHand: string;
  readonly shell: string;
}

function statusOf(
  result: FaultResult,
  nothingWorks: boolean,
  { byHand: look, shell }: Ways,
): Pick<CheckResult, "status" | "remedy"> & Partial<Pick<CheckResult, "evidence">> {
  const { expected, seen, again, untried, evidence } = result;
  if (expected === undefined) return { status: "skipped" };
  if (untried === true) {
    return {
      status: "fail",
      remedy: `curl or dig is not there, cannot be run, or ended before it had tried this: ${shell}`,
    };
  }
  if (!isRight(result)) {
    const wrong = seen === "error" ? "A server was reached, and its answer is an error. " : "";
    return {
      status: "fail",
      remedy: `${wrong}It should have ${expected === "works" ? "worked" : "failed"}. Look at it: ${look}`,
    };
  }
  if (nothingWorks) {
    return { status: "skipped", evidence: `nothing at all works here: that this fails proves nothing (${evidence})` };
  }
  if (again === undefined) return { status: "pass" };
  return { status: "warning", remedy: `It was not so at the first try: is this machine busy? Look at it: ${look}` };
}

/** What asks for the same once more, on that network. */
export function byHand(
  promised: LabAccess["promised"],
  client: string,
  network: string,
  { url, proxy }: Pick<PromisedFault, "url" | "proxy">,
): string {
  const [, server = "", name = "", type = ""] = /^dns:\/\/([^/]+)\/([^?]+)\?type=(.+)$/.exec(url) ?? [];
  const words =
    server === ""
      ? ["curl", "-sSvL", ...(proxy === undefined ? [] : ["-px", proxy]), url]
      : ["dig", "+notcp", "+ignore", "+bufsize=4096", `@${server}`, name, type];
  return command(promised, "exec", "--client", client, "--network", network, ...words);
}

export interface FaultColumnSeen {
  readonly network: PromisedNetwork;
  readonly results: readonly FaultResult[];
}

/** The grid: a fault a line, a network a column. What is not as expected is in capitals. */
export function formatFaults(columns: readonly FaultColumnSeen[]): string[] {
  const [first] = columns;
  if (first === undefined || first.results.length === 0) return [];
  const width = Math.max(...first.results.map(({ fault }) => fault.name.length));
  const widths = columns.map(({ network }) => Math.max(network.name.length, 5));
  const line = (name: string, cells: readonly string[]): string =>
    [name.padEnd(width), ...cells.map((cell, index) => cell.padEnd(widths[index] ?? 0))].join("  ").trimEnd();
  return [
    line(
      "fault",
      columns.map(({ network }) => network.name),
    ),
    ...first.results.map(({ fault }, row) =>
      line(
        fault.name,
        columns.map(({ results }) => {
          const result = results[row];
          if (result === undefined) return "";
          const { expected, seen } = result;
          if (expected === undefined) return `(${seen})`;
          if (!isRight(result)) return seen.toUpperCase();
          return provesNothing(results) ? `${seen}?` : seen;
        }),
      ),
    ),
    "As expected; (…): left to the program; in capitals: not as it should be.",
    ...(columns.some(({ results }) => provesNothing(results))
      ? ["?: nothing at all works there, and what must fail proves nothing."]
      : []),
  ];
}
