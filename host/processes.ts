/** Other programs: found, run, and asked whether they live. */
import { execFile } from "node:child_process";
import { accessSync, constants, readFileSync, statSync } from "node:fs";
import { delimiter, join } from "node:path";
import { codeOf } from "./messages";

export interface Finished {
  /** Undefined when a signal ended the program or it could not be started. */
  readonly code: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Milliseconds; the program is killed then. */
  readonly timeout?: number;
  /** Each line of stderr as it comes. */
  readonly onLine?: (line: string) => void;
}

/** Runs a program without a shell and collects what it prints. A program that cannot be started has no code. */
export function run(program: string, args: readonly string[], options: RunOptions = {}): Promise<Finished> {
  const { onLine, ...rest } = options;
  return new Promise((resolve) => {
    const child = execFile(program, args, { ...rest, maxBuffer: Infinity }, (error, stdout, stderr) => {
      const code = error === null ? 0 : error.code;
      if (error !== null && typeof code === "string") resolve({ code: undefined, stdout, stderr: error.message });
      else resolve({ code: typeof code === "number" ? code : undefined, stdout, stderr });
    });
    child.stdin?.end();
    child.stderr?.on("data", (text: string) => {
      text
        .split("\n")
        .filter((line) => line.trim() !== "")
        .forEach((line) => onLine?.(line));
    });
  });
}

/** Of the user's environment what a program needs to run at all: no passphrase, no token, no password. */
const plainNames = /^(PATH|HOME|USER|LOGNAME|TMPDIR|XDG_RUNTIME_DIR|LANG|LC_.+|TZ|LD_LIBRARY_PATH)$/;

/**
 * The environment for programs that have no business with Pulumi.
 * @param also the names of further variables to pass on.
 */
export function plainEnvironment(also?: RegExp, environment: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(environment).filter(([name]) => plainNames.test(name) || also?.test(name) === true),
  );
}

/** Sends a signal to a process that may have ended since it was looked at. */
export function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (codeOf(error) !== "ESRCH") throw error;
  }
}

/** The first executable of this name on the search path. */
export function findOnPath(name: string, searchPath: string = process.env.PATH ?? ""): string | undefined {
  return searchPath
    .split(delimiter)
    .filter((folder) => folder !== "")
    .map((folder) => join(folder, name))
    .find(isExecutable);
}

export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/**
 * Tells one life of a process number from the next: the start time in clock ticks since boot where /proc has it (field
 * 22 of /proc/PID/stat, proc(5)), else empty.
 */
export function startMark(pid: number): string {
  return procStat(pid)?.[19] ?? "";
}

/** Whether a process of this number lives, whoever owns it; one that has ended and only waits for its parent does not. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return codeOf(error) === "EPERM";
  }
  return procStat(pid)?.[0] !== "Z";
}

/** The fields of /proc/PID/stat from the third, the state, on; undefined without /proc. */
function procStat(pid: number): string[] | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  } catch {
    return undefined;
  }
}
