/** strace's trace and the kernel's record of the other calls, in one text, in the order of time. */
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
export function wholeTrace(strace: string, calls: readonly KernelCall[]): string {
  if (calls.length === 0) return strace;
  const lines = strace.split("\n").filter((line) => line !== "");
  const known = threadsOf(lines);
  const own = calls.filter(({ pid }) => known.has(pid)).flatMap(rowsOf);
  let last = 0;
  const traced = lines.map((text): Row => {
    // What is none of strace's rows stays where it is.
    last = Number(/^\d+ +(\d+\.\d+) /.exec(text)?.[1] ?? last);
    return { at: last, text };
  });
  const rows = [...traced, ...own].sort((one, other) => one.at - other.at);
  return rows.flatMap((row, index) => textOf(row, rows[index - 1], rows[index + 1])).join("\n");
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

const making = /(?:clone3?|v?fork)(?:\(.*| resumed>.*)\) += (\d+)/;

/** Those that have a row, and those that were made. */
function threadsOf(lines: readonly string[]): ReadonlySet<number> {
  return new Set(
    lines.flatMap((line) => {
      const [own, made] = [/^\d+/.exec(line)?.[0], making.exec(line)?.[1]];
      return [own, made].flatMap((each) => (each === undefined ? [] : [Number(each)]));
    }),
  );
}
