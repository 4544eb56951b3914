/**
 * A line to a guest by two named pipes (fifo(7)): what is written to `PATH.in` comes out of the guest's port, and `PATH.out`
 * holds what the guest says. QEMU keeps both open while it lives, so that the guest's end is never hung up: qemu-ga(8) looks
 * ten times a second whether somebody has come to a line that is, which is half of what an idle emulated machine does.
 */
import { closeSync, constants, existsSync, openSync, rmSync } from "node:fs";
import { Socket } from "node:net";
import { withLock } from "../../host/lock";
import { runLong } from "../../host/long-process";
import { messageOf } from "../../host/messages";

/** Makes the pipes that QEMU opens (`-chardev pipe`), with nothing in them. */
export async function makePipes(path: string, signal: AbortSignal): Promise<void> {
  removePipes(path);
  await runLong("mkfifo", ["-m", "600", ...Object.values(ends(path))], { signal });
}

export function removePipes(path: string): void {
  for (const each of Object.values(ends(path))) rmSync(each, { force: true });
}

/** Both directions of a line. */
export interface Line {
  readonly toGuest: Socket;
  readonly fromGuest: Socket;
}

/**
 * Talks by a line that nobody else talks by meanwhile: pipes do not tell one reader from another.
 * @param signal ends the wait for somebody else.
 * @throws Error when there is no QEMU at the other end.
 */
export async function withLine<T>(path: string, signal: AbortSignal, talk: (line: Line) => Promise<T>): Promise<T> {
  // A lock makes its folder, and a machine that is gone has none.
  if (!existsSync(ends(path).toGuest)) throw new Error("The machine has no line to its guest.");
  return withLock(
    `${path}.lock`,
    () => undefined,
    async () => {
      const line = open(path);
      try {
        return await talk(line);
      } finally {
        line.toGuest.destroy();
        line.fromGuest.destroy();
      }
    },
    signal,
  );
}

function ends(path: string) {
  return { toGuest: `${path}.in`, fromGuest: `${path}.out` };
}

function open(path: string): Line {
  const { toGuest, fromGuest } = ends(path);
  // Without waiting for somebody at the other end: with nobody there, this fails (ENXIO), and so does a read.
  const input = openEnd(toGuest, constants.O_WRONLY);
  try {
    const output = openEnd(fromGuest, constants.O_RDONLY);
    return {
      toGuest: new Socket({ fd: input, readable: false, writable: true }),
      fromGuest: new Socket({ fd: output, readable: true, writable: false }),
    };
  } catch (error) {
    closeSync(input);
    throw error;
  }
}

function openEnd(path: string, direction: number): number {
  try {
    return openSync(path, direction | constants.O_NONBLOCK);
  } catch (error) {
    throw new Error(`The machine is not there to speak to its guest: ${messageOf(error)}`, { cause: error });
  }
}
