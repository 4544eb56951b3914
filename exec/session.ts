/** One run of a program on a client, over SSH: what is put there, what it says, how it ends, what was seen of it. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";
import * as path from "node:path";
import { PassThrough, type Readable, Writable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { gunzipSync } from "node:zlib";
import { UserError } from "../host/messages";
import type { SshConnection } from "../ssh";
import type { Terminal } from "../ssh/connection";
import { readTrace } from "./trace/calls";
import { readProcesses } from "./trace/processes";
import { scriptCommand, shellQuote } from "../ssh/shell";

export interface ProgramStreams {
  readonly stdin: Readable | undefined;
  readonly stdout: Writable;
  readonly stderr: Writable;
  readonly terminal: Terminal | undefined;
}

export interface ProgramRun {
  readonly words: readonly string[];
  /** Files and folders of this machine that are copied beside the program. */
  readonly put: readonly string[];
  /** Files and folders below the program's working folder that are copied to `into` afterwards. */
  readonly get: readonly string[];
  readonly into: string;
  /** Seconds; undefined: it may run as long as it likes. */
  readonly timeout: number | undefined;
  /** Programs below the first one may take rights from their files too (setuid). */
  readonly setuid: boolean;
  /** False: without 127.0.0.0/8 on the client. */
  readonly loopback4: boolean;
  readonly streams: ProgramStreams;
  /** Goes on beside the program; when it is done, the program is asked to end. Its signal fires when the program has ended. */
  readonly beside: ((ended: AbortSignal) => Promise<void>) | undefined;
  /** Signals for the program, as they come; each call of the listener passes one on. */
  readonly onSignal: (pass: (signal: "INT" | "TERM") => void) => () => void;
}

/** Why there is nothing to judge. */
export type Problem = "missing" | "no-tracer" | "refused" | "loopback4";

export interface ProgramEnd {
  /** As a shell has it: 128 + n for signal n. */
  readonly code: number;
  readonly problem: Problem | undefined;
  readonly timedOut: boolean;
  /** What went on beside it was done, and it was asked to end for that. */
  readonly stopped: boolean;
  /** Seconds since 1970, by the client's clock; undefined: it did not start, or nobody was left to tell. */
  readonly startedAt: number | undefined;
  readonly endedAt: number | undefined;
  /** Programs that wanted rights from their files and were not given them, since the tracer has none to give. */
  readonly withoutRights: readonly string[];
  /** Command lines of what went on when the program had ended, and was ended then. */
  readonly left: readonly string[];
  readonly trace: string;
  /** The client's hosts(5). */
  readonly hosts: string;
  /** Its resolv.conf(5). */
  readonly resolvConf: string;
  /** What its resolver said of its work meanwhile. */
  readonly resolver: string;
  /** Files that were asked for and were not there. */
  readonly notThere: readonly string[];
}

/** Seconds that a program has to end by itself once it has been asked to. */
const grace = 3;

/** @param whenEnded looks at what else there is to see as soon as the program has ended. */
export async function runProgram<T>(
  client: SshConnection,
  run: ProgramRun,
  signal: AbortSignal,
  whenEnded: () => Promise<T>,
): Promise<{ readonly end: ProgramEnd; readonly seen: T }> {
  const folder = await prepare(client, signal);
  const guard = await startGuard(client, folder, run.loopback4, signal);
  try {
    if (run.put.length > 0) await put(client, `${folder}/work`, run.put, signal);
    const { code, timedOut, stopped } = await start(client, folder, run, guard, signal);
    const [facts, trace, seen] = await Promise.all([
      readFacts(client, folder, signal),
      readTraceFile(client, folder, signal),
      whenEnded(),
    ]);
    const withoutRights = run.setuid ? [] : await takingRights(client, trace, signal);
    const notThere = run.get.length === 0 ? [] : await get(client, `${folder}/work`, run, signal);
    return { end: { code, timedOut, stopped, trace, withoutRights, notThere, ...facts }, seen };
  } finally {
    await guard.end();
  }
}

function script(name: string): string {
  return fs.readFileSync(path.join(__dirname, "client", name), "utf8");
}

async function prepare(client: SshConnection, signal: AbortSignal): Promise<string> {
  const prepareScript = script("prepare.sh");
  const run = script("run.sh");
  const stdin = `${prepareScript}${Buffer.byteLength(run)}\n${run}${script("guard.sh")}`;
  const { code, stdout, stderr } = await client.exec(scriptCommand(prepareScript), { stdin, signal, timeout: 60 });
  const folder = stdout.trim();
  if (code !== 0 || folder === "") throw new UserError(`The client has no place for a run: ${stderr.trim()}`);
  return folder;
}

interface Guard {
  readonly send: (name: string) => void;
  readonly end: () => Promise<void>;
}

/** As long as it is held, the run goes on; when it is let go, or this process dies, nothing is left of it. */
async function startGuard(
  client: SshConnection,
  folder: string,
  loopback4: boolean,
  signal: AbortSignal,
): Promise<Guard> {
  const stdin = new PassThrough();
  const stdout = new PassThrough();
  const ended = client
    .attach(`bash ${folder}/guard.sh ${folder} ${loopback4 ? "with" : "without"}`, {
      stdin,
      stdout,
      signal,
    })
    // What could not be watched over has gone with the connection.
    .catch(() => undefined);
  await Promise.race([once(stdout, "data"), ended]);
  stdout.resume();
  return {
    send: (name) => stdin.write(`${name}\n`),
    end: async () => {
      stdin.end();
      await ended;
    },
  };
}

async function start(client: SshConnection, folder: string, run: ProgramRun, guard: Guard, signal: AbortSignal) {
  const command = ["bash", `${folder}/run.sh`, folder, run.setuid ? "root" : "filtered", ...run.words]
    .map(shellQuote)
    .join(" ");
  const over = new AbortController();
  let timedOut = false;
  let stopped = false;
  const endIt = async (): Promise<void> => {
    guard.send("TERM");
    await sleep(grace * 1000, undefined, { signal: over.signal });
    guard.send("KILL");
  };
  const limit = async (seconds: number): Promise<void> => {
    await sleep(seconds * 1000, undefined, { signal: over.signal });
    timedOut = true;
    await endIt();
  };
  const accompany = async (beside: (ended: AbortSignal) => Promise<void>): Promise<void> => {
    await beside(over.signal);
    if (over.signal.aborted) return;
    stopped = true;
    await endIt();
  };
  const limited = run.timeout === undefined ? undefined : limit(run.timeout).catch(() => undefined);
  // Interrupted in the middle of a sleep, or with the connection, which the program's own end tells of.
  const accompanied = run.beside === undefined ? undefined : accompany(run.beside).catch(() => undefined);
  const stopListening = run.onSignal(guard.send);
  try {
    const { code, signal: killedBy } = await client.attach(command, { ...run.streams, signal });
    return { code: code ?? 128 + signalNumber(killedBy), timedOut, stopped };
  } finally {
    stopListening();
    over.abort();
    await Promise.all([limited, accompanied]);
  }
}

/** Of the signals that end a program (signal(7)). */
const signalNumbers: Readonly<Record<string, number>> = {
  HUP: 1,
  INT: 2,
  QUIT: 3,
  ABRT: 6,
  KILL: 9,
  SEGV: 11,
  PIPE: 13,
  TERM: 15,
};

function signalNumber(name: string | undefined): number {
  return signalNumbers[name?.replace(/^SIG/, "") ?? ""] ?? 0;
}

async function readFacts(client: SshConnection, folder: string, signal: AbortSignal) {
  const names = ["problem", "started", "ended", "left", "resolver"];
  const parts = names.map((name) => `cat ${folder}/${name} 2>/dev/null; printf '\\0'`);
  const { stdout } = await client.exec([...parts, "cat /etc/resolv.conf; printf '\\0'; cat /etc/hosts"].join("; "), {
    signal,
    timeout: 60,
  });
  const [problem = "", started = "", ended = "", left = "", resolver = "", resolvConf = "", hosts = ""] =
    stdout.split("\0");
  const time = (text: string): number | undefined => (text === "" ? undefined : Number(text));
  return {
    problem: problems.find((each) => each === problem.trim()),
    startedAt: time(started),
    endedAt: time(ended),
    left: left.split("\n").flatMap((line) => (line.trim() === "" ? [] : [line.trim()])),
    resolver,
    resolvConf,
    hosts,
  };
}

/** The first program's rights were seen before it was started. */
async function takingRights(client: SshConnection, trace: string, signal: AbortSignal): Promise<string[]> {
  const { executions } = readProcesses(readTrace(trace));
  const later = executions.slice(1).filter(({ error }) => error === undefined);
  const programs = [...new Set(later.map(({ program }) => program))];
  if (programs.length === 0) return [];
  const list = programs.map(shellQuote).join(" ");
  const test = `for each in ${list}; do if [ -u "$each" ] || [ -g "$each" ]; then printf '%s\\0' "$each"; fi; done`;
  return (await client.exec(test, { signal, timeout: 60 })).stdout.split("\0").slice(0, -1);
}

const problems: readonly Problem[] = ["missing", "no-tracer", "refused", "loopback4"];

async function readTraceFile(client: SshConnection, folder: string, signal: AbortSignal): Promise<string> {
  const zipped = new Collector();
  const command = `sudo -n cat ${folder}/trace 2>/dev/null | gzip -1`;
  await client.attach(command, { stdin: undefined, stdout: zipped, signal });
  return gunzipSync(zipped.all()).toString("latin1");
}

async function put(
  client: SshConnection,
  folder: string,
  paths: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const missing = paths.filter((each) => !fs.existsSync(each));
  if (missing.length > 0) throw new UserError(`--put ${missing.join(", ")}: there is no such file here.`);
  const args = paths.flatMap((each) => ["-C", path.dirname(path.resolve(each)), path.basename(path.resolve(each))]);
  const tar = spawn("tar", ["-cz", ...args], { stdio: ["ignore", "pipe", "inherit"] });
  const said = new Collector();
  // At once: what nobody reads is thrown away when a child ends, and this may end before there is a channel.
  const streams = { stdin: tar.stdout.pipe(new PassThrough()), stdout: new PassThrough().resume(), stderr: said };
  const { code } = await client.attach(`tar -xzC ${folder}`, { ...streams, signal });
  if (code !== 0) {
    throw new UserError(`The client did not take ${paths.join(", ")}: ${said.all().toString("utf8").trim()}`);
  }
}

/** @returns what was not there. */
async function get(
  client: SshConnection,
  folder: string,
  { get: wanted, into }: ProgramRun,
  signal: AbortSignal,
): Promise<string[]> {
  const list = wanted.map(shellQuote).join(" ");
  const tests = `cd ${folder} && for each in ${list}; do [ -e "$each" ] || printf '%s\\0' "$each"; done`;
  const missing = (await client.exec(tests, { signal, timeout: 60 })).stdout.split("\0").slice(0, -1);
  const there = wanted.filter((each) => !missing.includes(each));
  if (there.length === 0) return missing;
  const tar = spawn("tar", ["-xz", "-C", into], { stdio: ["pipe", "inherit", "inherit"] });
  const written = new Promise<number | null>((resolve) => tar.on("close", resolve));
  await client.attach(`tar -czC ${folder} -- ${there.map(shellQuote).join(" ")}`, {
    stdin: undefined,
    stdout: tar.stdin,
    signal,
  });
  tar.stdin.end();
  if ((await written) !== 0) throw new UserError(`${there.join(", ")} could not be written to ${into}.`);
  return missing;
}

class Collector extends Writable {
  private readonly chunks: Buffer[] = [];

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.chunks.push(chunk);
    done();
  }

  all(): Buffer {
    return Buffer.concat(this.chunks);
  }
}
