/** Who is who in a trace: threads belong to a process, and a process has the command that it last executed. */
import type { Call, EndOfProcess, Trace } from "./calls";
import { bytesOf, fieldOf, itemsOf, wordOf } from "./values";

export interface Process {
  readonly pid: number;
  /** The program's file, as it was given to execve(2). */
  readonly program: string;
  readonly args: readonly string[];
  /** The process that made it; undefined for the first one. */
  readonly parent: number | undefined;
  readonly startedAt: number;
  /** Undefined: it was still there when the trace ended. */
  readonly end: (EndOfProcess & { readonly at: number }) | undefined;
}

export interface Processes {
  /** In the order of their beginning. */
  readonly all: readonly Process[];
  /** The process that a thread belongs to. */
  readonly of: (pid: number) => number;
  /** What a process had last executed when that line of the trace was written. */
  readonly programAt: (pid: number, line: number) => Execution | undefined;
  readonly executions: readonly Execution[];
}

export interface Execution {
  readonly pid: number;
  readonly at: number;
  readonly line: number;
  readonly program: string;
  readonly args: readonly string[];
  /** The error of one that failed. */
  readonly error: string | undefined;
}

const cloning = ["clone", "clone3", "fork", "vfork"];

export function readProcesses({ events }: Trace): Processes {
  const leaders = new Map<number, number>();
  const parents = new Map<number, number>();
  const starts = new Map<number, number>();
  const ends = new Map<number, EndOfProcess & { at: number }>();
  const executions: Execution[] = [];
  for (const event of events) {
    if (event.kind === "end") {
      ends.set(event.pid, { ...event.how, at: event.at });
      continue;
    }
    const { call } = event;
    if (!starts.has(call.pid)) starts.set(call.pid, call.at);
    const child = call.result.value;
    if (cloning.includes(call.name) && child !== undefined && child > 0) {
      (isThread(call) ? leaders : parents).set(child, call.pid);
      if (!starts.has(child)) starts.set(child, call.at);
    }
    const execution = readExecution(call);
    if (execution !== undefined) executions.push(execution);
  }
  const leaderOf = (pid: number): number => {
    const leader = leaders.get(pid);
    return leader === undefined ? pid : leaderOf(leader);
  };
  const succeeded = executions.filter(({ error }) => error === undefined);
  const programAt = (pid: number, line: number): Execution | undefined => {
    const own = succeeded.findLast((each) => leaderOf(each.pid) === pid && each.line <= line);
    const parent = parents.get(pid);
    // A process that has executed nothing yet is a copy of the one that made it.
    return own ?? (parent === undefined ? undefined : programAt(leaderOf(parent), line));
  };
  const all = [...starts]
    .filter(([pid]) => !leaders.has(pid))
    .map(([pid, startedAt]): Process => {
      const { program = "", args = [] } = programAt(pid, Infinity) ?? {};
      const parent = parents.get(pid);
      return {
        ...{ pid, program, args, startedAt },
        parent: parent === undefined ? undefined : leaderOf(parent),
        end: ends.get(pid),
      };
    });
  return { all, of: leaderOf, programAt, executions };
}

function isThread({ name, args }: Call): boolean {
  const flags =
    name === "clone3"
      ? wordOf(fieldOf(args[0], "flags"))
      : args.map((arg) => wordOf(fieldOf(arg, "0")) ?? wordOf(arg)).join("|");
  return flags?.includes("CLONE_THREAD") ?? false;
}

function readExecution({ name, args, pid, at, line, result }: Call): Execution | undefined {
  if (name !== "execve" && name !== "execveat") return undefined;
  const [program, argv] = name === "execve" ? args : args.slice(1);
  return {
    ...{ pid, at, line, error: result.error },
    program: bytesOf(program)?.toString("utf8") ?? "",
    args: itemsOf(argv).map((arg) => bytesOf(arg)?.toString("utf8") ?? ""),
  };
}
