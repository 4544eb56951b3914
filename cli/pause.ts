/** Waits for the person at the terminal. */
import { createInterface } from "node:readline/promises";
import type { Readable } from "node:stream";

/**
 * Until a line is entered, or the input ends.
 * @throws the signal's reason.
 */
export async function waitForEnter(input: Readable, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  // Without the terminal's raw mode: Ctrl-C stays a signal to this process.
  const lines = createInterface({ input, terminal: false });
  await new Promise<void>((resolve) => {
    const end = (): void => {
      signal.removeEventListener("abort", end);
      resolve();
    };
    for (const event of ["line", "close"]) lines.once(event, end);
    signal.addEventListener("abort", end);
  });
  lines.close();
  signal.throwIfAborted();
}
