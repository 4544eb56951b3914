/** The probes in Python, run here as they are on a machine of the lab. */
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { findOnPath } from "../../host/processes";

const canRun = process.platform === "linux" && findOnPath("python3") !== undefined;

/** Whether they can be run: says what is skipped where they cannot. */
export function canRunProbes(what: string): boolean {
  if (!canRun) console.warn(`Skipped, needs Linux and python3: ${what}`);
  return canRun;
}

/** Has a probe's main() called. */
export function runProbe(name: string, ...args: readonly unknown[]) {
  return runWithProbe(name, `main(${args.map((each) => JSON.stringify(each)).join(", ")})`);
}

/** Has something else done with what a probe defines. */
export function runWithProbe(name: string, code: string): ChildProcessByStdio<Writable, Readable, null> {
  const source = readFileSync(join(__dirname, "..", "..", "verify", "probes", name), "utf8");
  const child = spawn("python3", ["-I", "-S", "-"], { stdio: ["pipe", "pipe", "inherit"] });
  child.stdin.end(`${source}\n\n${code}\n`);
  return child;
}
