/** strace's lines (`-f -ttt -T -xx -y`), one system call or one end of a process each. */
import { readAnnotation, readValues, type Value } from "./values";

export interface Call {
  /** The thread's number. */
  readonly pid: number;
  /** Seconds since 1970, when it began. */
  readonly at: number;
  /** Seconds until it returned; undefined: it never did, or the trace does not say. */
  readonly took: number | undefined;
  readonly name: string;
  readonly args: readonly Value[];
  readonly result: CallResult;
  /** The line of the trace at which it began, from 1. */
  readonly line: number;
}

export interface CallResult {
  /** What it returned; undefined: nothing, the process ended or was never seen to return. */
  readonly value: number | undefined;
  /** What a returned file descriptor stands for. */
  readonly of: string | undefined;
  /** Name of the error, e.g. `ENETUNREACH`. */
  readonly error: string | undefined;
}

export type TraceEvent =
  | { readonly kind: "call"; readonly call: Call }
  | { readonly kind: "end"; readonly pid: number; readonly at: number; readonly how: EndOfProcess };

export type EndOfProcess =
  | { readonly kind: "exit"; readonly code: number }
  /** `by` is the process that sent the signal, where that was seen: of SIGKILL it is not (ptrace(2)). */
  | { readonly kind: "killed"; readonly signal: string; readonly by?: number };

export interface Trace {
  /** In the order in which they ended; calls that never returned last. */
  readonly events: readonly TraceEvent[];
  /** Lines that are none of strace's: a trace that was cut off, or another program's file. */
  readonly unread: number;
}

interface Begun {
  readonly at: number;
  readonly text: string;
  readonly line: number;
}

const linePattern = /^(\d+) +(\d+\.\d+) (.*)$/;
const resumedPattern = /^<\.\.\. (\w+) resumed>(.*)$/;
/** In a container a process has a number of its own (pid_namespaces(7)); strace tells the one that it has outside as well. */
export const numberHere = "(?: \\/\\* (\\d+) in strace's PID NS \\*\\/)?";
const signalPattern = new RegExp(`^--- (\\w+) \\{.*\\bsi_pid=(\\d+)${numberHere}`);
const unfinished = / ?<unfinished \.\.\.>$/;

export function readTrace(text: string): Trace {
  const events: TraceEvent[] = [];
  const begun = new Map<number, Begun>();
  const senders = new Map<string, number>();
  let unread = 0;
  for (const [index, row] of text.split("\n").entries()) {
    if (row === "") continue;
    const [, pidText, time, rest = ""] = linePattern.exec(row) ?? [];
    if (pidText === undefined) {
      unread += 1;
      continue;
    }
    const pid = Number(pidText);
    const at = Number(time);
    if (rest.startsWith("--- ")) {
      const [, signal = "", inside, here] = signalPattern.exec(rest) ?? [];
      const by = here ?? inside;
      if (by !== undefined) senders.set(`${pid} ${signal}`, Number(by));
      continue;
    }
    const end = readEnd(rest, (signal) => senders.get(`${pid} ${signal}`));
    if (end !== undefined) {
      finishBegun(begun, pid, events);
      events.push({ kind: "end", pid, at, how: end });
      continue;
    }
    if (rest.startsWith("+++ ")) continue;
    if (unfinished.test(rest) && !rest.startsWith("<... ")) {
      begun.set(pid, { at, text: rest.replace(unfinished, ""), line: index + 1 });
      continue;
    }
    const resumed = resumedPattern.exec(rest);
    const start = resumed === null ? { at, text: rest, line: index + 1 } : begun.get(pid);
    const whole = resumed === null ? rest : `${start?.text ?? ""}${(resumed[2] ?? "").replace(unfinished, "")}`;
    const call = start === undefined ? undefined : readCall(pid, start, whole);
    if (call === undefined) unread += 1;
    else events.push({ kind: "call", call });
    if (resumed !== null) begun.delete(pid);
  }
  for (const pid of begun.keys()) finishBegun(begun, pid, events);
  return { events, unread };
}

/** A call under way when its process ended, or when the trace did. */
function finishBegun(begun: Map<number, Begun>, pid: number, events: TraceEvent[]): void {
  const start = begun.get(pid);
  if (start === undefined) return;
  begun.delete(pid);
  const call = readCall(pid, start, `${start.text}) = ?`);
  if (call !== undefined) events.push({ kind: "call", call });
}

function readEnd(text: string, senderOf: (signal: string) => number | undefined): EndOfProcess | undefined {
  const code = /^\+\+\+ exited with (\d+) \+\+\+$/.exec(text)?.[1];
  if (code !== undefined) return { kind: "exit", code: Number(code) };
  const signal = /^\+\+\+ killed by (\w+)/.exec(text)?.[1];
  if (signal === undefined) return undefined;
  const by = senderOf(signal);
  return { kind: "killed", signal, ...(by === undefined ? {} : { by }) };
}

/** Greedy: with `-xx`, the last `) = ` of a line is the one before its result. */
const callPattern = /^(\w+)\((.*)\) += (.*)$/;
const resultPattern = new RegExp(
  `^(-?\\d+|0x[0-9a-f]+|\\?)(?:<([^<>]*)>)?${numberHere}(?: (E[A-Z0-9]+))?.*?(?:<(\\d+\\.\\d+)>)?$`,
);

function readCall(pid: number, { at, line }: Begun, text: string): Call | undefined {
  const [, name, args = "", end = ""] = callPattern.exec(text) ?? [];
  const result = resultPattern.exec(end);
  if (name === undefined || result === null) return undefined;
  const [, told, of, here, error, took] = result;
  const value = here ?? told;
  return {
    ...{ pid, at, name, line },
    took: took === undefined ? undefined : Number(took),
    args: readValues(args),
    result: {
      value: value === undefined || value === "?" ? undefined : Number(value),
      of: of === undefined ? undefined : readAnnotation(of),
      error,
    },
  };
}
