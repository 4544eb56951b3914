/** Words to the person at the terminal, and errors that are theirs to mend. */

/** Something that the user can put right: shown without a stack trace. */
export class UserError extends Error {
  override readonly name = "UserError";
}

/** One line on stderr, so that stdout stays what was asked for. */
export function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** A line that is written over by the next on a terminal, and left out elsewhere. */
export function progress(line: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${line}`);
}

/** Ends a line of `progress`. */
export function progressDone(): void {
  if (process.stderr.isTTY) process.stderr.write("\r\x1b[K");
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The system's code of an error (`ENOENT`), if it has one. */
export function codeOf(error: unknown): unknown {
  return typeof error === "object" && error !== null && "code" in error ? error.code : undefined;
}
