/** One run of a program on a client, over SSH: what is put there, what it says, how it ends, what was seen of it. */
import type { Readable, Writable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import type { SshConnection } from "../ssh";
import type { Terminal } from "../ssh/connection";
import { shellQuote } from "../ssh/shell";
import { get, put } from "./copies";
import { makePlace, type Place, type PlaceFacts, programCommand, readPlace } from "./place";
import { readTrace } from "./trace/calls";
import { readProcesses } from "./trace/processes";

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
  readonly onSignal: (pass: (signal: "INT" | "TERM" | "HUP") => void) => () => void;
}

export interface ProgramEnd extends Omit<PlaceFacts, "signalled"> {
  /** As a shell has it: 128 + n for signal n. */
  readonly code: number;
  readonly timedOut: boolean;
  /** What went on beside it was done, and it was asked to end for that. */
  readonly stopped: boolean;
  /** Programs that wanted rights from their files and were not given them, since the tracer has none to give. */
  readonly withoutRights: readonly string[];
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
  const place = await makePlace(client, run.loopback4, signal);
  const work = `${place.folder}/work`;
  try {
    if (run.put.length > 0) await put(client, work, run.put, signal);
    const how = await start(client, place, run, signal);
    const [{ signalled, ...facts }, seen] = await Promise.all([readPlace(client, place.folder, signal), whenEnded()]);
    const withoutRights = facts.tracedByRoot ? [] : await takingRights(client, facts.trace, signal);
    const notThere = run.get.length === 0 ? [] : await get(client, work, run.get, run.into, signal);
    // A limit may end while the record of a program that has ended by itself is collected.
    const [timedOut, stopped] = [how.timedOut && signalled, how.stopped && signalled];
    return { end: { ...how, ...facts, timedOut, stopped, withoutRights, notThere }, seen };
  } finally {
    await place.end();
  }
}

async function start(client: SshConnection, place: Place, run: ProgramRun, signal: AbortSignal) {
  const command = programCommand(place.folder, run.setuid ? "root" : "filtered", run.words);
  const over = new AbortController();
  let timedOut = false;
  let stopped = false;
  const endIt = async (): Promise<void> => {
    place.send("TERM");
    await sleep(grace * 1000, undefined, { signal: over.signal });
    place.send("KILL");
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
  const stopListening = run.onSignal(place.send);
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
