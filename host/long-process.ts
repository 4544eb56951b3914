/** Programs that take long: their lines are seen as they come, and they end, with all their children, when asked to. */
import { spawn } from "node:child_process";
import { constants, setPriority } from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import { plainEnvironment } from "./processes";

export interface LongProcessOptions {
  readonly signal: AbortSignal;
  /** Left out: what a program needs to run at all. */
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** An open file for its standard input. */
  readonly stdin?: number;
  /** It, and what it starts, takes what others leave of the processors; default: its share. */
  readonly yields?: boolean;
  /** Each line of stdout and stderr. */
  readonly onLine?: (line: string) => void;
}

/** Milliseconds between asking a program to end and ending it. */
const grace = 3000;

/**
 * Runs a program in a process group of its own.
 * @returns all that it printed, stdout and stderr mixed as they came.
 * @throws ProgramFailure when it fails or cannot be started, the signal's reason when it was aborted.
 */
export async function runLong(program: string, args: readonly string[], options: LongProcessOptions): Promise<string> {
  options.signal.throwIfAborted();
  const child = spawn(program, args, {
    cwd: options.cwd,
    env: options.env ?? plainEnvironment(),
    detached: true,
    stdio: [options.stdin ?? "ignore", "pipe", "pipe"],
  });
  if (options.yields === true && child.pid !== undefined) yieldProcessors(child.pid);
  let output = "";
  const take = (text: string): void => {
    output += text;
    text
      .split(/[\r\n]+/)
      .filter((line) => line.trim() !== "")
      .forEach((line) => options.onLine?.(line));
  };
  child.stdout?.setEncoding("utf8").on("data", take);
  child.stderr?.setEncoding("utf8").on("data", take);
  const ended = new Promise<number | undefined>((resolve, reject) => {
    child.on("error", (error) => {
      reject(new ProgramFailure(program, undefined, error.message));
    });
    child.on("close", (code) => {
      resolve(code ?? undefined);
    });
  });
  const abort = (): void => {
    if (child.pid !== undefined) void endGroup(child.pid, ended);
  };
  options.signal.addEventListener("abort", abort, { once: true });
  try {
    const code = await ended;
    options.signal.throwIfAborted();
    if (code !== 0) throw new ProgramFailure(program, code, output);
    return output;
  } finally {
    options.signal.removeEventListener("abort", abort);
  }
}

/** A program that could not be started (`code` undefined) or did not end well, with what it said. */
export class ProgramFailure extends Error {
  override readonly name = "ProgramFailure";

  constructor(
    readonly program: string,
    readonly code: number | undefined,
    readonly output: string,
  ) {
    super(`${program} failed${code === undefined ? "" : ` with exit code ${code}`}: ${lastLines(output)}`);
  }
}

async function endGroup(pid: number, ended: Promise<unknown>): Promise<void> {
  signalGroup(pid, "SIGTERM");
  await Promise.race([ended.catch(() => undefined), delay(grace, undefined, { ref: false })]);
  signalGroup(pid, "SIGKILL");
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // Already gone.
  }
}

/** A system that does not let us is no reason to fail. */
function yieldProcessors(pid: number): void {
  try {
    setPriority(pid, constants.priority.PRIORITY_LOW);
  } catch {
    // Ended already, or not permitted.
  }
}

function lastLines(output: string): string {
  return output.trim().split("\n").slice(-8).join("\n");
}
