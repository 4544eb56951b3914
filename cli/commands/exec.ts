/** `npm run exec -- [options] [--] COMMAND…`: a program on a client, what it did with the network, and the verdict. */
import * as fs from "node:fs";
import * as path from "node:path";
import { parseArgs } from "node:util";
import { execute, type ExecuteOptions } from "../../exec";
import { comparisonText, conclusion } from "../../exec/report/comparison";
import { type Picture, reportHtml } from "../../exec/report/html";
import { reportJson } from "../../exec/report/json";
import { reportJunit } from "../../exec/report/junit";
import { reportText } from "../../exec/report/text";
import type { Run } from "../../exec/run";
import { judge, type Judged } from "../../exec/verdict";
import { exitCodeOf } from "../../exec/verdict/exit-code";
import { exitCodes } from "../../verify/outcome";
import { interruptible } from "../../host/interruption";
import { UserError, messageOf, say } from "../../host/messages";
import { redaction } from "../../report/redact";
import { picturesAmong } from "../pictures";
import { makeFolder, makeRoom } from "../report-files";
import { onSignals, streamsOf } from "../program-streams";
import { command, type LabAccess, ownPrefixes, type PromisedNetwork } from "../../verify/access";
import { ConnectionLostError } from "../../ssh/connection";
import { callersFolder, fromCaller } from "../caller";
import { counterRun } from "../counter-run";
import { helpText, stackOption } from "../help";
import { readAccess } from "../recorded-access";
import { stackArguments } from "../stack-arguments";
import { brokenError, chosenNetworks, visiting, type Visits } from "../tour";
import { requireUnused } from "../visit-lock";
import { withWhereabouts } from "../whereabouts";

/** Of `--report`. */
const reportFiles = ["report.txt", "report.json", "report.html", "junit.xml"] as const;

/** Lifecycle functions of draft-ietf-v6ops-ipv6-app-testing. */
const functions = ["installation", "user-interface", "management", "update"];

/** Of a run that ends with an error: nothing is known of the program, whose own exit code is most often small. */
const errorCode = 125;

export function errorCodeOf(args: readonly string[]): number {
  return ownArguments(args).includes("--verdict-code") ? exitCodes["nothing told"] : errorCode;
}

export const help = helpText({
  usage: ["npm run exec -- [options] [--] COMMAND…"],
  about:
    "Runs a program on a client, tells what it did with the network, and says why it fails without IPv4 (docs/exec.md). What follows the command's name is the command's own.",
  options: {
    ...stackOption,
    "--client NAME": "on which client; default: the first one",
    "--network NAME,…|all": "on each of these networks, which the client joins; default: where it is",
    "--put PATH": "copied beside the program before it runs; may be repeated",
    "--get PATH": "copied back from there afterwards; may be repeated",
    "--listen PORT": "a server: it is tried at this TCP port from other machines, and ended then",
    "--timeout SECONDS": "ends it then",
    "--confirm": "what fails for want of IPv4 runs once more, on a client with a CLAT: does it work then?",
    "--no-loopback4": "without 127.0.0.0/8 on the client",
    "--setuid": "programs may take rights from their files (sudo); each system call costs more then",
    "--function NAME": `${functions.join(", ")}: a label for reports`,
    "--json": "the report on stdout, the program's output on stderr",
    "--junit FILE": "the report for a CI system",
    "--html FILE": "the report as a page",
    "--report FOLDER": "report.txt, report.json, report.html and junit.xml there",
    "--trace FILE": "the system calls themselves, in strace's words",
    "--redact": "leaves addresses of your own network out of the reports",
    "--verdict-code": "the exit code is the verdict's",
  },
  exitCodes: `the program's own, ${errorCode} where it could not be run; with --verdict-code 0 works, 1 fails, 2 cannot be told, 3 works with remarks.`,
});

export const options = {
  client: { type: "string" },
  network: { type: "string" },
  put: { type: "string", multiple: true, default: [] as string[] },
  get: { type: "string", multiple: true, default: [] as string[] },
  listen: { type: "string" },
  timeout: { type: "string" },
  confirm: { type: "boolean", default: false },
  "no-loopback4": { type: "boolean", default: false },
  setuid: { type: "boolean", default: false },
  function: { type: "string" },
  json: { type: "boolean", default: false },
  junit: { type: "string" },
  html: { type: "string" },
  report: { type: "string" },
  trace: { type: "string" },
  redact: { type: "boolean", default: false },
  "verdict-code": { type: "boolean", default: false },
} as const;

export async function run(args: readonly string[]): Promise<number> {
  const { stack, values, command } = parse(args);
  makeRoom({ "--junit": values.junit, "--html": values.html, "--trace": values.trace });
  if (values.report !== undefined) makeFolder("--report", values.report, reportFiles);
  const access = await readAccess(stack);
  const request: ExecuteOptions = {
    client: values.client ?? access.clients[0]?.name ?? "",
    command,
    put: values.put,
    get: values.get,
    into: callersFolder(),
    listen: portOf(values.listen),
    timeout: secondsOf(values.timeout),
    setuid: values.setuid,
    loopback4: !values["no-loopback4"],
    lacks: [],
    streams: streamsOf(values.json),
    onSignal: onSignals,
  };
  const pictures: Picture[][] = [];
  // Before the next network's take their place.
  const executeAndLook = async (lab: LabAccess, lacks: readonly string[]): Promise<Run> => {
    const result = await execute(lab, { ...request, lacks }).catch(async (error: unknown) => {
      throw error instanceof ConnectionLostError ? await whyLost(lab, request.client, error) : error;
    });
    pictures.push(picturesAmong(request.get, request.into));
    return result;
  };
  const { done: runs, broken } =
    values.network === undefined
      ? { done: [await executeAndLook(access, [])] }
      : await everywhere(access, request.client, chosenNetworks(access, values.network), stack, executeAndLook);
  const reports = await judgeAll(access, request, runs, values.confirm && broken === undefined);
  const clean = redaction(values.redact ? ownPrefixes(access) : undefined);
  const json = reports.map(({ run: each, verdict, counter }) => reportJson(each, verdict, counter));
  const labelled = json.map((report) => ({ function: values.function, ...report }));
  const whole = values.network === undefined ? labelled[0] : labelled;
  const document = clean.json(whole);
  const texts = reports.map(({ run: each, verdict, counter }) => reportText(each, verdict, counter));
  if (broken !== undefined) {
    // Not as files: what compares networks must not be taken for the whole.
    for (const text of texts) say(clean.text(`\n${text}`));
    throw brokenError(broken);
  }
  if (reports.length > 1) texts.push(comparisonText(reports));
  if (values.json) console.log(document);
  else for (const text of texts) say(clean.text(`\n${text}`));
  const junit = clean.text(reportJunit(json, values.function));
  // What a picture shows cannot be left out.
  const shown = values.redact ? [] : pictures;
  const html = clean.text(reportHtml(json, values.function, conclusion(reports), shown));
  if (values.junit !== undefined) fs.writeFileSync(values.junit, junit);
  if (values.html !== undefined) fs.writeFileSync(values.html, html);
  if (values.report !== undefined) {
    const text = `${clean.text(texts.join("\n\n"))}\n`;
    writeAll(values.report, { "report.txt": text, "report.json": document, "report.html": html, "junit.xml": junit });
  }
  if (values.trace !== undefined) fs.writeFileSync(values.trace, runs.flatMap(({ lines }) => lines).join("\n"));
  for (const { network, end } of runs)
    for (const missing of end.notThere) say(`--get ${missing}: the program left no such file (${network.name}).`);
  if (values["verdict-code"]) return exitCodeOf(reports.map(({ verdict }) => verdict));
  // Of several runs, the first that did not end well.
  return runs.find(({ end }) => end.code !== 0)?.end.code ?? 0;
}

interface Report extends Judged {
  /** What the counter-experiment says. */
  readonly counter: string | undefined;
}

async function judgeAll(
  access: LabAccess,
  request: ExecuteOptions,
  runs: readonly Run[],
  confirm: boolean,
): Promise<Report[]> {
  const reports: Report[] = [];
  for (const each of runs) {
    const verdict = judge(each);
    const { verdict: confirmed, words } = confirm
      ? await counterRun(access, request, { run: each, verdict })
      : { verdict, words: undefined };
    reports.push({ run: each, verdict: confirmed, counter: words });
  }
  return reports;
}

function writeAll(folder: string, files: Readonly<Record<(typeof reportFiles)[number], string>>): void {
  for (const [name, text] of Object.entries(files)) fs.writeFileSync(path.join(folder, name), text);
}

/** The same on each of these networks; the client goes home afterwards. */
async function everywhere(
  access: LabAccess,
  name: string,
  networks: readonly PromisedNetwork[],
  stack: string,
  work: (lab: LabAccess, lacks: readonly string[]) => Promise<Run>,
): Promise<Visits<Run>> {
  const client = access.clients.find((each) => each.name === name);
  // Somebody who is not there is told of by `execute`.
  if (client === undefined) return { done: [await work(access, [])] };
  const beforehand = await requireUnused(stack);
  // A signal while it moves, or while a program runs, is the end of all: the client goes home.
  return interruptible((signal) =>
    visiting(access, client, networks, { beforehand, signal, progress: say }, async (moved, _network, { lacks }) => {
      const result = await work(moved, lacks);
      signal.throwIfAborted();
      return result;
    }),
  );
}

/** Nobody's bug: somebody has moved the client, or a machine has died. */
async function whyLost(access: LabAccess, name: string, error: ConnectionLostError): Promise<UserError> {
  const networkOn = ({ clients }: LabAccess): string | undefined => clients.find((each) => each.name === name)?.network;
  const [was, is] = [networkOn(access), networkOn(await withWhereabouts(access))];
  const left = "What is left of the program there is ended within minutes.";
  if (was !== is) {
    const moved = `${name} was moved from ${was ?? ""} to ${is ?? ""} while the program ran`;
    return new UserError(`${moved}: what it met is of no one network, and nobody can say more of it. ${left}`);
  }
  const status = command(access.promised, "status");
  return new UserError(`${name} was lost while the program ran (${messageOf(error)}). ${left} ${status} tells more.`);
}

/** What follows the first word that is no option is the command's own. */
export function ownArguments(args: readonly string[]): readonly string[] {
  let at = 0;
  for (; at < args.length && (args[at] ?? "").startsWith("-") && args[at] !== "--"; at += 1) {
    const name = (args[at] ?? "").replace(/^--/, "");
    const takesValue = ["-s", "--stack"].includes(args[at] ?? "") || isTextOption(name);
    if (takesValue) at += 1;
  }
  return args.slice(0, at);
}

function parse(args: readonly string[]) {
  const own = ownArguments(args);
  const { stack, rest } = stackArguments(own);
  const command = args.slice(args[own.length] === "--" ? own.length + 1 : own.length);
  const { values } = parseArgs({ args: [...rest], options });
  if (command.length === 0) throw new UserError(`Which command?\n${help}`);
  if (values.function !== undefined && !functions.includes(values.function)) {
    throw new UserError(`--function ${values.function}: there are ${functions.join(", ")}.`);
  }
  return { stack, values: { ...values, ...pathsIn(values) }, command };
}

interface GivenPaths {
  readonly put: readonly string[];
  readonly junit?: string | undefined;
  readonly html?: string | undefined;
  readonly report?: string | undefined;
  readonly trace?: string | undefined;
}

/** As seen from where the command was called. */
function pathsIn({ put, junit, html, report, trace }: GivenPaths) {
  return {
    put: put.map((each) => fromCaller(each)),
    junit: fromCaller(junit),
    html: fromCaller(html),
    report: fromCaller(report),
    trace: fromCaller(trace),
  };
}

function isTextOption(name: string): boolean {
  return Object.entries(options).some(([each, { type }]) => each === name && type === "string");
}

function portOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const port = Number(text);
  if (!(Number.isInteger(port) && port > 0 && port < 65536))
    throw new UserError(`--listen ${text}: it takes a TCP port.`);
  return port;
}

/** Seconds. What a timer can count (setTimeout): 24 days. */
const longest = 2_147_483;

function secondsOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const seconds = Number(text);
  if (!(seconds > 0 && seconds <= longest))
    throw new UserError(`--timeout ${text}: it takes a number of seconds, ${longest} at most.`);
  return seconds;
}
