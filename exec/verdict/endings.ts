/** Whether somebody else has ended a program: what it would have come to nobody knows then. */
import type { Listener } from "../activity";
import type { Run } from "../run";

/** Signals that somebody sends to end a program, by the exit code with which a shell tells of them (signal(7)). */
const endingSignals: ReadonlyMap<number, string> = new Map([
  [129, "SIGHUP"],
  [130, "SIGINT"],
  [137, "SIGKILL"],
  [143, "SIGTERM"],
]);

/** Signals that a program earns by what it does itself. */
const crashSignals: ReadonlyMap<number, string> = new Map([
  [132, "SIGILL"],
  [133, "SIGTRAP"],
  [134, "SIGABRT"],
  [135, "SIGBUS"],
  [136, "SIGFPE"],
  [139, "SIGSEGV"],
  [141, "SIGPIPE"],
  [142, "SIGALRM"],
  [159, "SIGSYS"],
]);

/** Of timeout(1), when it has ended what it started. */
const outOfTime = 124;

/** The signal that ended it; undefined: none, also where it has ended by itself with a code that looks like one. */
export function endingSignal(run: Run): string | undefined {
  return signalOf(run, endingSignals);
}

/** The signal of which it died, as above, where nobody else needs to have ended it. */
export function crashSignal(run: Run): string | undefined {
  return signalOf(run, crashSignals);
}

function signalOf({ end, processes }: Run, signals: ReadonlyMap<number, string>): string | undefined {
  const signal = signals.get(end.code);
  const first = processes.all[0]?.end;
  const isOwnCode = first?.kind === "exit" && first.code === end.code;
  // A shell tells in the same way of a program that it has run.
  const wasSent = processes.all.some(({ end: how }) => how?.kind === "killed" && how.signal === signal);
  return isOwnCode && !wasSent ? undefined : signal;
}

/** @param serving what it listened on when it ended: of timeout(1) the server is a child. */
export function wasEnded(run: Run, serving: readonly Listener[]): boolean {
  const { end, processes } = run;
  if (end.timedOut || end.stopped) return true;
  if (endingSignal(run) !== undefined) return !endedItself(processes);
  // A program may end its own helpers, and fail.
  const killed = processes.all.filter(({ end: how }) => how?.kind === "killed").map(({ pid }) => pid);
  return end.code === outOfTime && serving.some(({ process }) => killed.includes(process));
}

/** The program, or one that it had started, sent the signal that ended it. */
function endedItself({ all }: Run["processes"]): boolean {
  const end = all[0]?.end;
  return end?.kind === "killed" && all.some(({ pid }) => pid === end.by);
}
