/**
 * Working copies of the stack files. With a passphrase Pulumi writes `encryptionsalt` into the stack's file, and that
 * would make a committed file differ in every checkout. So with the project's own backend the CLI is given a copy in
 * `.lab/config` (`--config-file`), which is the committed file and the salt. A committed file that has settings of a
 * secrets manager of its own, as after `config set --secret`, is copied as it is.
 */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { StatePaths } from "../host/paths";
import { projectName, stackFile } from "./project";

function workingCopy(state: StatePaths, stack: string): string {
  return join(state.config, `Pulumi.${stack}.yaml`);
}

/**
 * Brings the working copy up to date with the committed file.
 * @param salt from the stack's state, when the copy was lost.
 */
export function syncWorkingCopy(state: StatePaths, stack: string, salt: string | undefined): string {
  const copy = workingCopy(state, stack);
  const committed = existsSync(stackFile(stack)) ? readFileSync(stackFile(stack), "utf8") : "";
  const known = salt ?? (existsSync(copy) ? saltOf(readFileSync(copy, "utf8")) : undefined);
  mkdirSync(state.config, { recursive: true });
  // `stack init` reads the project from the folder it runs in: here, so that the salt lands in the copy.
  writeIfDifferent(join(state.config, "Pulumi.yaml"), `name: ${projectName()}\nruntime: nodejs\n`);
  writeIfDifferent(copy, withSalt(committed, known));
  return copy;
}

export function removeWorkingCopy(state: StatePaths, stack: string): void {
  rmSync(workingCopy(state, stack), { force: true });
}

/** The committed text with the salt at its end, unless it has settings of a secrets manager itself. */
export function withSalt(committed: string, salt: string | undefined): string {
  if (salt === undefined || /^(encryptionsalt|encryptedkey|secretsprovider):/m.test(committed)) return committed;
  const separator = committed === "" || committed.endsWith("\n") ? "" : "\n";
  return `${committed}${separator}encryptionsalt: ${salt}\n`;
}

export function saltOf(text: string): string | undefined {
  return /^encryptionsalt:\s*(\S+)\s*$/m.exec(text)?.[1];
}

function writeIfDifferent(path: string, text: string): void {
  if (existsSync(path) && readFileSync(path, "utf8") === text) return;
  writeFileSync(path, text, { mode: 0o600 });
}
