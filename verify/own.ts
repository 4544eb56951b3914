/** The stack's own checks: a command or a URL, tried on a client. */
import { messageOf } from "../host/messages";
import { shellQuote } from "../ssh/shell";
import { type ClientAccess, command, type LabAccess, networkOf, type PromisedNetwork } from "./access";
import { onClient } from "./connect";
import { runOwn } from "./facts";
import { fetched, hasAskedNobody } from "./fetched";
import { doubtOf } from "./own-control";
import { type CheckResult, type Outcome, type Seen, silent } from "./report";
import { notStarted, section, type Sections } from "./sections";
import type { VisitOptions } from "./visit";

export type PromisedCheck = LabAccess["promised"]["checks"][number];

/** Those that a client tries. */
export function ownChecksOf({ promised }: Pick<LabAccess, "promised">, { name }: ClientAccess): PromisedCheck[] {
  return promised.checks.filter(({ clients }) => clients?.includes(name) ?? true);
}

/** Each client tries its own, one after the other: what they do to each other nobody can know. */
export async function ownResults(
  access: LabAccess,
  client: ClientAccess,
  machine: string,
  options: VisitOptions,
): Promise<CheckResult[]> {
  const checks = ownChecksOf(access, client);
  if (checks.length === 0) return [];
  const network = networkOf(access, client);
  const results: CheckResult[] = [];
  const reached = { once: false };
  try {
    await onClient(access, client, options, async (connection) => {
      reached.once = true;
      for (const check of checks) {
        options.progress?.(`${client.name}: ${check.title}`);
        const asked = { connection, signal: options.signal };
        const seen = await runOwn(asked, wordsOf(check), check.timeout);
        const row = judgeOwn(access, { client, machine, network }, check, seen);
        results.push(isRightFailure(row) ? unlessDoubted(row, await doubtOf(asked, network, check)) : row);
      }
    });
    return results;
  } catch (error) {
    options.signal.throwIfAborted();
    // Whom nobody reaches is told of already; who says nothing more in the middle of it is not.
    const lost = reached.once ? [{ ...silent(machine, client.console, error), network: network.name }] : [];
    const why = messageOf(error);
    const left = checks.slice(results.length).map(({ title }, index) => {
      const words = reached.once && index === 0 ? "how it ended is not known" : "not tried";
      return untold({ client, machine, network }, title, `${words}: ${why}`);
    });
    return [...results, ...lost, ...left];
  }
}

/** The status goes to stdout, and nothing else: what is fetched may be large. */
export function wordsOf({ tries, timeout }: PromisedCheck): string {
  if (tries.kind === "command") return tries.command;
  const format = "HTTP %{http_code} from %{remote_ip} after %{time_total} s\\n";
  // As curl takes it: neither with a space, nor with brackets for a range of URLs.
  const url = shellQuote(new URL(tries.url).href);
  return `curl --silent --show-error --location --globoff --max-time ${timeout} --output /dev/null --write-out ${shellQuote(format)} --url ${url}`;
}

/** As timeout(1) tells it. */
const timedOut = [124, 137];

interface OwnPlace {
  readonly client: ClientAccess;
  /** As the report calls it. */
  readonly machine: string;
  readonly network: PromisedNetwork;
}

export function judgeOwn(
  { promised }: Pick<LabAccess, "promised">,
  place: OwnPlace,
  check: PromisedCheck,
  sections: Sections,
): CheckResult {
  const { machine, network } = place;
  const client = place.client.name;
  const expected = check.expected[network.name];
  const ran = section(sections, "ran");
  const { exitCode, output } = section(sections, "own");
  const said = lastLines(Buffer.from(output, "base64").toString("utf8"));
  if (ran.exitCode !== 0) return untold(place, check.title, `not tried: ${said}`);
  const late = timedOut.includes(exitCode) && Number(ran.output) >= check.timeout;
  const seen = seenOf(check, exitCode, said);
  const row = {
    ...{ machine, network: network.name, own: check.title },
    check: `${check.title}: ${expected ?? "is left open"}`,
    evidence: [late ? `it had not ended after ${check.timeout} s` : `exit code ${exitCode}`, said]
      .filter((each) => each !== "")
      .join(": "),
    outcome: { ...(expected === undefined ? {} : { expected }), seen },
  };
  if (expected === undefined) return { ...row, status: "skipped", evidence: `${seen}: ${row.evidence}` };
  // A program that is not there fails everywhere: nothing is known by that of what it does without IPv4.
  if (notStarted.includes(exitCode)) {
    const remedy = `The program is not there, or cannot be run: ${command(promised, "ssh", client)}`;
    return { ...row, status: "fail", remedy };
  }
  if (check.tries.kind === "url" && hasAskedNobody(exitCode))
    return { ...row, status: "fail", remedy: "curl(1) takes no such URL, and has asked nobody." };
  if (expected === seen) return { ...row, status: "pass" };
  const words = ["--client", client, "--network", network.name, "--", "bash", "-c", shellQuote(wordsOf(check))];
  return { ...row, status: "fail", remedy: `${wrong(expected, seen)} Why: ${command(promised, "exec", ...words)}` };
}

function seenOf({ tries }: PromisedCheck, exitCode: number, said: string): Seen {
  if (tries.kind === "command") return exitCode === 0 ? "works" : "fails";
  // Its own line is the last; what it complains of may stand before it.
  const [, status = "000", from = ""] = /(?:^| \| )HTTP (\d{3}) from (\S*) after [\d.]+ s$/.exec(said) ?? [];
  return fetched(exitCode, Number(status), from);
}

function wrong(expected: Outcome, seen: Seen): string {
  if (seen !== "error") return `It should have ${expected === "works" ? "worked" : "failed"}.`;
  return "A server was reached, and its answer is an error: something leads there, and by that it neither works nor fails. Give the check a URL that is answered with 2xx or, where this answer is what it is about, a command (curl --fail …).";
}

/** A failure that must happen is a pass, if it is known to be of what was tried. */
function isRightFailure({ status, outcome }: CheckResult): boolean {
  return status === "pass" && outcome?.seen === "fails";
}

/** @param doubt why it proves nothing. */
function unlessDoubted(row: CheckResult, doubt: string | undefined): CheckResult {
  if (doubt === undefined) return row;
  return { ...row, status: "skipped", evidence: `${doubt}: that this fails proves nothing (${row.evidence})` };
}

const mostLines = 5;

function lastLines(text: string): string {
  const lines = text.split("\n").map((line) => line.replace(/[^\t\u0020-\uFFFD]/g, "\uFFFD").trim());
  return lines
    .filter((line) => line !== "")
    .slice(-mostLines)
    .join(" | ");
}

function untold({ machine, network: { name } }: OwnPlace, title: string, evidence: string): CheckResult {
  return { machine, network: name, own: title, check: title, status: "skipped", evidence };
}
