/** Something that is looked at again and again, until Ctrl-C. */
import { setTimeout as sleep } from "node:timers/promises";
import { messageOf } from "../host/messages";

/** Seconds between two looks. */
const pause = 3;

/** Control sequences of terminals (ECMA-48): cursor home, erase to the end of the line, erase what is below. */
const [home, eraseLine, eraseBelow] = ["\x1b[H", "\x1b[K", "\x1b[J"];
const [otherScreen, ownScreen] = ["\x1b[?1049h\x1b[?25l", "\x1b[?1049l\x1b[?25h"];

/**
 * On a terminal each look takes the place of the one before, and at the end the screen is as it was; elsewhere they are
 * blocks with the time above. A look that fails is shown as its reason. Ends well with the signal.
 */
export async function repaint(look: () => Promise<string>, signal: AbortSignal): Promise<void> {
  const { stdout } = process;
  const onTerminal = stdout.isTTY;
  if (onTerminal) stdout.write(otherScreen);
  try {
    while (!signal.aborted) {
      const text = await look().catch((error: unknown) => messageOf(error));
      if (isAborted(signal)) break;
      const block = `${new Date().toTimeString().slice(0, 8)}  ${text}`;
      if (onTerminal) {
        const lines = [...block.split("\n").slice(0, stdout.rows - 2), "", "Ctrl-C ends this."];
        stdout.write(
          `${home}${lines.map((line) => `${line.slice(0, stdout.columns)}${eraseLine}`).join("\n")}${eraseBelow}`,
        );
      } else {
        stdout.write(`${block}\n\n`);
      }
      await sleep(pause * 1000, undefined, { signal }).catch(() => undefined);
    }
  } finally {
    if (onTerminal) stdout.write(ownScreen);
  }
}

/** It may have become so since it was asked. */
function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}
