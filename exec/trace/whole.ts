/** strace's traces and the kernel's record of the other calls, in one text, in the order of time. */
import { numberHere } from "./calls";
import type { KernelCall } from "./kernel";

interface Row {
  /** Seconds since 1970. */
  readonly at: number;
  readonly text: string;
  /** Undefined: a row of strace's. */
  readonly of?: { readonly call: KernelCall; readonly end: boolean };
}

/**
 * As strace tells it: a call has one row, unless others came while it was under way; then it has one where it began and
 * one where it returned. Of threads that strace does not know nothing is told: the kernel follows the tracer itself too.
 */
export function wholeTrace(strace: string, calls: readonly KernelCall[], containers = ""): string {
  if (calls.length === 0 && containers === "") return strace;
  const lines = strace.split("\n").filter((line) => line !== "");
  const known = threadsOf(lines);
  const own = calls.filter(({ pid }) => known.has(pid)).flatMap(rowsOf);
  const traced = straceRows(lines);
  const rows = [...traced, ...meanwhile(containers, traced[0]?.at ?? Infinity), ...own].sort(
    (one, other) => one.at - other.at,
  );
  return rows.flatMap((row, index) => textOf(row, rows[index - 1], rows[index + 1])).join("\n");
}

function straceRows(lines: readonly string[]): Row[] {
  let last = 0;
  return lines.map((text): Row => {
    // What is none of strace's rows stays where it is.
    last = Number(/^\d+ +(\d+\.\d+) /.exec(text)?.[1] ?? last);
    return { at: last, text };
  });
}

/** What daemons did since the program began, and nothing of calls that had begun before. */
function meanwhile(containers: string, start: number): Row[] {
  const rows = straceRows(containers.split("\n").filter((line) => line !== ""));
  const heard = new Set<string>();
  return rows.filter(({ at, text }) => {
    const [, thread = "", rest = ""] = /^(\d+) +[\d.]+ (.*)$/.exec(text) ?? [];
    if (at < start) return false;
    if (rest.startsWith("<... ")) return heard.has(thread);
    heard.add(thread);
    return true;
  });
}

function rowsOf(call: KernelCall): Row[] {
  const { at, endedAt, text, result } = call;
  const begin: Row = { at, text, of: { call, end: false } };
  if (endedAt === undefined || endedAt === at) return [begin];
  return [
    begin,
    { at: endedAt, text: `<... ${/^\w+/.exec(text)?.[0] ?? ""} resumed>) = ${result}`, of: { call, end: true } },
  ];
}

function textOf({ at, text, of }: Row, before: Row | undefined, after: Row | undefined): string[] {
  if (of === undefined) return [text];
  const { call, end } = of;
  const { pid, result, endedAt } = call;
  const took = `<${((endedAt ?? at) - call.at).toFixed(6)}>`;
  const head = `${String(pid).padEnd(5)} ${at.toFixed(6)}`;
  if (end) return before?.of?.call === call ? [] : [`${head} ${text} ${took}`];
  // Told by one event, which has no length.
  if (endedAt === undefined || endedAt === call.at) return [`${head} ${text} = ${result}`];
  if (after?.of?.call === call) return [`${head} ${text} = ${result} ${took}`];
  return [`${head} ${text.slice(0, -1)} <unfinished ...>`];
}

const making = new RegExp(`(?:clone3?|v?fork)(?:\\(.*| resumed>.*)\\) += (\\d+)${numberHere}`);

/** Those that have a row, and those that were made. */
function threadsOf(lines: readonly string[]): ReadonlySet<number> {
  return new Set(
    lines.flatMap((line) => {
      const [, made, here] = making.exec(line) ?? [];
      return [/^\d+/.exec(line)?.[0], here ?? made].flatMap((each) => (each === undefined ? [] : [Number(each)]));
    }),
  );
}
