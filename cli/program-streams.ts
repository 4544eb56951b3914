/** The user's terminal, signals and pipes, for a program that runs on another machine. */
import { PassThrough } from "node:stream";
import type { ProgramStreams } from "../exec/session";
import { onePressMilliseconds, onInterruption } from "../host/interruption";

/** @param apart stdout is for something else: what the program says goes to stderr. */
export function streamsOf(apart: boolean): ProgramStreams {
  const { stdin, stdout, stderr } = process;
  const output = apart ? stderr : stdout;
  const isTerminal = stdin.isTTY && output.isTTY;
  if (!isTerminal) return { stdin, stdout: output, stderr, terminal: undefined };
  return {
    stdin,
    stdout: output,
    stderr,
    terminal: {
      kind: process.env.TERM ?? "dumb",
      columns: output.columns,
      rows: output.rows,
      onResize: (resize) => {
        const listener = (): void => {
          resize(output.columns, output.rows);
        };
        output.on("resize", listener);
        // Keys are the program's, Ctrl-C too, until it has ended.
        stdin.setRawMode(true);
        return () => {
          output.removeListener("resize", listener);
          stdin.setRawMode(false);
        };
      },
    },
  };
}

/** Nothing to read, and what it says is thrown away. */
export function noStreams(): ProgramStreams {
  const [stdout, stderr] = [new PassThrough().resume(), new PassThrough().resume()];
  return { stdin: undefined, stdout, stderr, terminal: undefined };
}

/** Passes signals on until the returned function is called. */
export function onSignals(pass: (signal: "INT" | "TERM" | "HUP") => void): () => void {
  let last = 0;
  return onInterruption((signal) => {
    // Signals of one press come more than once.
    if (Date.now() - last < onePressMilliseconds) return;
    last = Date.now();
    pass(names[signal]);
  });
}

/** As kill(1) takes them. */
const names = { SIGINT: "INT", SIGTERM: "TERM", SIGHUP: "HUP" } as const;
