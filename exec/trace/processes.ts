/** Who is who in a trace: threads belong to a process, and a process has the command that it last executed. */
import type { Call, EndOfProcess, Trace } from "./calls";
import { bytesOf, fieldOf, itemsOf, openedOf, unixPathOf, wordOf } from "./values";

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
  /** Whether daemons were asked for containers, or somebody came to another network namespace. */
  readonly hasContainers: boolean;
  /** One that was there before the program, and works for others too. */
  readonly isDaemon: (pid: number) => boolean;
  /**
   * In which network namespace a thread was at a line of the trace, by a name of ours; undefined: the client's own, from which
   * everything begins (network_namespaces(7)).
   */
  readonly namespaceAt: (thread: number, line: number) => string | undefined;
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

/** Where Docker's daemon, containerd and Podman's service are asked: `/run/docker.sock`, `/run/containerd/containerd.sock`. */
const daemonSocket = /\/(?:docker|containerd|podman)[^/]*\.sock$/;

/** Whether a program has spoken to a daemon that starts containers: what these do otherwise they do for others. */
export function asksForContainers({ events }: Trace): boolean {
  return events.some(
    (event) =>
      event.kind === "call" && event.call.name === "connect" && daemonSocket.test(unixPathOf(event.call.args[1]) ?? ""),
  );
}

/** What else is known of a client whose daemons were asked for containers. */
export interface Surroundings {
  /** Their threads when the run began, one a line: its number, its process's, the name. */
  readonly daemons: string;
  /** The client's own network namespace: `net:[…]`. */
  readonly namespace: string;
}

const cloning = ["clone", "clone3", "fork", "vfork"];

export function readProcesses({ events }: Trace, around: Surroundings = { daemons: "", namespace: "" }): Processes {
  const daemons = readDaemons(around.daemons);
  const leaders = new Map(daemons.filter(({ thread, pid }) => thread !== pid).map(({ thread, pid }) => [thread, pid]));
  const parents = new Map<number, number>();
  const moves = new Map<number, Move[]>();
  const moved = (move: Move): void => {
    moves.set(move.thread, [...(moves.get(move.thread) ?? []), move]);
  };
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
      moved({ thread: child, line: call.line, from: call.pid, to: newNamespace(call) });
    }
    readMove(call, around.namespace).forEach(moved);
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
    return own ?? (parent === undefined ? daemonAt(daemons, pid) : programAt(leaderOf(parent), line));
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
  const isDaemon = (pid: number): boolean => daemons.some((each) => each.pid === pid);
  return {
    ...{ all, of: leaderOf, programAt, executions, isDaemon },
    hasContainers: daemons.length > 0 || [...moves.values()].some((each) => each.some(({ to }) => to !== undefined)),
    namespaceAt: (...at) => namespaceAt(moves, ...at),
  };
}

interface Daemon {
  readonly thread: number;
  readonly pid: number;
  readonly name: string;
}

function readDaemons(text: string): Daemon[] {
  return text.split("\n").flatMap((line) => {
    const [, thread, pid, name = ""] = /^(\d+) (\d+) (.*)$/.exec(line.trim()) ?? [];
    return thread === undefined ? [] : [{ thread: Number(thread), pid: Number(pid), name }];
  });
}

function daemonAt(daemons: readonly Daemon[], pid: number): Execution | undefined {
  const daemon = daemons.find((each) => each.pid === pid);
  return daemon === undefined ? undefined : { pid, at: 0, line: 0, program: daemon.name, args: [], error: undefined };
}

/** A thread comes to another network namespace, or to life in its maker's. */
interface Move {
  readonly thread: number;
  readonly line: number;
  /** The thread that made it. */
  readonly from?: number;
  readonly to: string | undefined;
}

/** One that was made with a namespace of its own; undefined: it has its maker's. */
function newNamespace(call: Call): string | undefined {
  return flagsOf(call)?.includes("CLONE_NEWNET") === true ? `namespace of line ${call.line}` : undefined;
}

/** @param own the client's namespace. */
function readMove(call: Call, own: string): Move[] {
  const { name, args, pid: thread, line, result } = call;
  if (result.error !== undefined || !["unshare", "setns"].includes(name)) return [];
  const flags = args.map((arg) => wordOf(arg) ?? "").join("|");
  const entered = name === "setns" ? openedOf(args[0]) : undefined;
  // setns(2) takes any kind of namespace where it is told none.
  if (!flags.includes("CLONE_NEWNET") && entered?.startsWith("net:[") !== true) return [];
  return [{ thread, line, to: entered === own ? undefined : (entered ?? `namespace of line ${line}`) }];
}

function namespaceAt(moves: ReadonlyMap<number, readonly Move[]>, thread: number, line: number): string | undefined {
  const before = moves.get(thread)?.filter((each) => each.line <= line) ?? [];
  // A thread may have moved before its maker's call was over, which tells of it.
  const [move] = before.sort((one, other) => other.line - one.line);
  if (move?.from === undefined || move.to !== undefined) return move?.to;
  return namespaceAt(moves, move.from, move.line);
}

function flagsOf({ name, args }: Call): string | undefined {
  return name === "clone3"
    ? wordOf(fieldOf(args[0], "flags"))
    : args.map((arg) => wordOf(fieldOf(arg, "0")) ?? wordOf(arg)).join("|");
}

function isThread(call: Call): boolean {
  return flagsOf(call)?.includes("CLONE_THREAD") ?? false;
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
