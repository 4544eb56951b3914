/** One program in the foreground: it has the terminal, and it gets each of the user's signals exactly once. */
import { type ChildProcess, spawn } from "node:child_process";
import { constants } from "node:os";
import { onePressMilliseconds, onInterruption } from "./interruption";

export interface ForegroundOptions {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
}

/**
 * Runs a program on our stdin, stdout and stderr and gives its exit code, 128 + n for signal n. On a terminal Ctrl-C
 * reaches the whole process group, so nothing is passed on; elsewhere that, and everywhere SIGTERM and SIGHUP, are passed
 * on as SIGINT, which Pulumi takes as "finish what is begun and stop", and a second one as "stop now". This process stays
 * until the program has ended, so that the caller can tidy up.
 */
export function runInForeground(program: string, args: readonly string[], options: ForegroundOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { ...options, stdio: "inherit" });
    const stop = passSignals(child);
    child.on("error", (error) => {
      stop();
      reject(error);
    });
    child.on("exit", (code, signal) => {
      stop();
      resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal]));
    });
  });
}

function passSignals(child: ChildProcess): () => void {
  const terminal = process.stdin.isTTY;
  let last = 0;
  return onInterruption((signal) => {
    const now = Date.now();
    if ((terminal && signal === "SIGINT") || now - last < onePressMilliseconds) return;
    last = now;
    child.kill("SIGINT");
  });
}
