/** Words to the person at the terminal, and errors that are theirs to mend. */

/** Something that the user can put right: shown without a stack trace. */
export class UserError extends Error {
  override readonly name = "UserError";
}

/** What is going on right now, by what is done; shown on a terminal as one line that is written over. */
const going = new Map<string, string>();

/** One line on stderr, so that stdout stays what was asked for. */
export function say(line: string): void {
  const clear = process.stderr.isTTY && going.size > 0 ? "\r\x1b[K" : "";
  process.stderr.write(`${clear}${line}\n`);
  if (going.size > 0) showProgress();
}

/** Shows how far something is until the next line about it; left out where there is no terminal. */
export function progress(line: string, what = ""): void {
  going.set(what, line.trim());
  showProgress();
}

/** Ends the lines of `progress` about something. */
export function progressDone(what = ""): void {
  going.delete(what);
  showProgress();
}

function showProgress(): void {
  if (!process.stderr.isTTY) return;
  const each = Math.floor(process.stderr.columns / Math.max(going.size, 1)) - 4;
  const lines = [...going.values()].map((line) => line.slice(0, each));
  process.stderr.write(`\r\x1b[K${lines.length === 0 ? "" : `  ${lines.join("  | ")}`}`);
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The system's code of an error (`ENOENT`), if it has one. */
export function codeOf(error: unknown): unknown {
  return typeof error === "object" && error !== null && "code" in error ? error.code : undefined;
}
