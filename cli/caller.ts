/** Where whoever calls a command is. */
import { resolve } from "node:path";

/**
 * npm runs scripts in the checkout's own folder, wherever it is called, and tells where that was (npm-run-script(1), INIT_CWD).
 * Of a command that another script runs without npm it would tell where that one was called.
 */
export function callersFolder(): string {
  const { INIT_CWD: called, npm_lifecycle_event: script } = process.env;
  return called !== undefined && script === process.argv[2] ? called : process.cwd();
}

/** A path as the caller gave it; nothing stays nothing, and so does a stream's `-`. */
export function fromCaller(path: string): string;
export function fromCaller(path: string | undefined): string | undefined;
export function fromCaller(path: string | undefined): string | undefined {
  return path === undefined || path === "" || path === "-" ? path : resolve(callersFolder(), path);
}
