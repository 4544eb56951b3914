/** The place of a run on a client: it is made, watched over, read and taken away, each in one exchange of messages. */
import { once } from "node:events";
import * as fs from "node:fs";
import * as path from "node:path";
import { PassThrough } from "node:stream";
import { gunzipSync } from "node:zlib";
import { UserError } from "../host/messages";
import type { SshConnection } from "../ssh";
import { scriptCommand, shellQuote } from "../ssh/shell";
import { Collector } from "./copies";
import { wasKept } from "./trace/kernel";

export interface Place {
  /** On the client. */
  readonly folder: string;
  /** A signal for the program, by its name without SIG. */
  readonly send: (name: string) => void;
  /** Ends what is left of the run, and takes the folder away. */
  readonly end: () => Promise<void>;
}

/** Milliseconds between two signs that the run is still held. */
const signOfLife = 10_000;
/**
 * Seconds without one after which the client ends the run: it is not told that a connection is lost which leads to a network
 * that it has left, or over a gateway that is gone. Longer than this side goes on hoping.
 */
const patience = 120;

/**
 * As long as it is held, the run goes on; when it is let go, or this process dies, nothing is left of it.
 * @throws UserError when the client has no place; what ended the connection.
 */
export async function makePlace(client: SshConnection, loopback4: boolean, signal: AbortSignal): Promise<Place> {
  const guard = script("guard.sh");
  const scripts = ["run.sh", "watch.sh", "ask.sh"].map((name) => ({ name, text: script(name) }));
  const sizes = scripts.flatMap(({ name, text }) => [name, String(Buffer.byteLength(text))]);
  const words = [loopback4 ? "with" : "without", String(patience), ...sizes];
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new Collector()];
  stdin.write([guard, ...scripts.map(({ text }) => text)].join(""));
  const ended = client.attach(scriptCommand(guard, ...words), { stdin, stdout, stderr, signal }).then(
    () => undefined,
    // What could not be watched over has gone with the connection.
    (error: unknown) => error,
  );
  const first: unknown = await Promise.race([once(stdout, "data").then(([data]: unknown[]) => data), ended]);
  if (!Buffer.isBuffer(first)) {
    if (first instanceof Error) throw first;
    throw new UserError(`The client has no place for a run: ${stderr.all().toString("utf8").trim()}`);
  }
  stdout.resume();
  const signs = setInterval(() => stdin.write("alive\n"), signOfLife);
  return {
    folder: first.toString("utf8").trim(),
    send: (name) => stdin.write(`${name}\n`),
    end: async () => {
      clearInterval(signs);
      stdin.end();
      await ended;
    },
  };
}

function script(name: string): string {
  return fs.readFileSync(path.join(__dirname, "client", name), "utf8");
}

/** The command that runs a program there, traced by the user (`filtered`) or by root. */
export function programCommand(folder: string, tracing: "filtered" | "root", words: readonly string[]): string {
  return ["bash", `${folder}/run.sh`, folder, tracing, ...words].map(shellQuote).join(" ");
}

/** Why there is nothing to judge. */
export type Problem = (typeof problems)[number];

export const problems = [
  "missing",
  "not-executable",
  "no-tracer",
  "refused",
  "loopback4",
  "moved",
  "unrecorded",
] as const;

/** What run.sh and guard.sh leave there, and two files of the client's. */
const texts = [
  ...[
    "problem",
    "tracing",
    "watched",
    "started",
    "ended",
    "signalled",
    "left",
    "resolver",
    "namespace",
    "daemons",
    "going-on",
  ],
  ...["/etc/resolv.conf", "/etc/hosts"],
] as const;

export interface PlaceFacts {
  readonly problem: Problem | undefined;
  /** Seconds since 1970, by the client's clock; undefined: it did not start, or nobody was left to tell. */
  readonly startedAt: number | undefined;
  readonly endedAt: number | undefined;
  /** Whether a signal was sent to it before it had ended. */
  readonly signalled: boolean;
  /** Command lines of what went on when the program had ended, and was ended then. */
  readonly left: readonly string[];
  /** The same of containers that a daemon has started for it: nobody has ended them. */
  readonly goingOn: readonly string[];
  /** Whether root's tracer has watched it: then programs had the rights that their files give (setuid). */
  readonly tracedByRoot: boolean;
  /** strace's. */
  readonly trace: string;
  /** The same of the daemons that start containers for others, and of these; empty: there are none. */
  readonly containers: string;
  /** Threads of these daemons when the run began, one a line: its number, its process's, the name. */
  readonly daemons: string;
  /** The client's network namespace, as the kernel calls it: `net:[…]`. */
  readonly namespace: string;
  /** The kernel's own record of the calls that every connection takes; empty where it keeps none. */
  readonly kernel: string;
  /** The client's hosts(5). */
  readonly hosts: string;
  /** Its resolv.conf(5). */
  readonly resolvConf: string;
  /** What its resolver said of its work meanwhile. */
  readonly resolver: string;
}

/** Everything at once: texts with their names before each line, NUL, and all traces, packed, with NUL behind each. */
export async function readPlace(client: SshConnection, folder: string, signal: AbortSignal): Promise<PlaceFacts> {
  const told = new Collector();
  // One process for all texts. Root's tracer makes the trace root's.
  const commands = [
    `cd ${folder}`,
    // Where run.sh was killed, nobody has done so yet.
    `[ -e collected ] || bash -c '. ./ask.sh; ask . 600 collect'`,
    `grep -Has '' -- ${texts.join(" ")}`,
    "printf '\\0'",
    `{ for each in trace kernel containers; do if [ -r $each ] || [ ! -e $each ]; then cat $each; else sudo -n cat $each; fi; printf '\\0'; done; } 2>/dev/null | gzip -1`,
  ];
  await client.attach(commands.join("; "), { stdin: undefined, stdout: told, signal });
  return readFacts(told.all());
}

function readFacts(told: Buffer): PlaceFacts {
  const border = told.indexOf(0);
  const lines = told.subarray(0, border).toString("utf8").split("\n");
  const text = (name: (typeof texts)[number]): string =>
    lines.flatMap((line) => (line.startsWith(`${name}:`) ? [`${line.slice(name.length + 1)}\n`] : [])).join("");
  const time = (words: string): number | undefined => (words === "" ? undefined : Number(words));
  const problem = text("problem").trim();
  const [trace = "", kernel = "", containers = ""] = gunzipSync(told.subarray(border + 1))
    .toString("latin1")
    .split("\0");
  const lost = text("watched") !== "" && !wasKept(kernel);
  return {
    problem: problems.find((each) => each === problem) ?? (lost ? "unrecorded" : undefined),
    startedAt: time(text("started")),
    endedAt: time(text("ended")),
    signalled: text("signalled") !== "",
    left: commandLines(text("left")),
    goingOn: commandLines(text("going-on")),
    resolver: text("resolver"),
    resolvConf: text("/etc/resolv.conf"),
    hosts: text("/etc/hosts"),
    tracedByRoot: text("tracing").trim() === "root",
    trace,
    containers,
    daemons: text("daemons"),
    namespace: text("namespace").trim(),
    kernel,
  };
}

function commandLines(text: string): string[] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
}
