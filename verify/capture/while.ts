/** A capture that lasts as long as something else is done. */
import { once } from "node:events";
import type { SshConnection } from "../../ssh";
import { type Capture, capturePackets } from "./run";

export interface Watch extends Omit<Capture, "stop"> {
  /** Ends the wait for the capture's beginning. */
  readonly signal: AbortSignal;
  /** Seconds in which the captures must have begun: what is done is done in any case. Default 20. */
  readonly patience?: number;
}

/** How the capture ended: with so many packets missed, or badly. */
export type Ended = { readonly missed: number } | { readonly error: Error };

/** @throws what the work throws. */
export async function captureWhile<T>(
  connection: SshConnection,
  { signal, patience = 20, ...capture }: Watch,
  work: () => Promise<T>,
): Promise<{ readonly result: T; readonly ended: Ended }> {
  const stop = new AbortController();
  let left = capture.cards.length;
  let begun = (): void => undefined;
  const beginning = new Promise<void>((resolve) => {
    begun = resolve;
  });
  const onStart: Capture["onStart"] = (card, head) => {
    capture.onStart(card, head);
    left -= 1;
    if (left === 0) begun();
  };
  const ended = capturePackets(connection, { ...capture, stop: stop.signal, onStart }).then(
    (missed): Ended => ({ missed }),
    (error: unknown): Ended => ({ error: error instanceof Error ? error : new Error(String(error)) }),
  );
  try {
    const late = AbortSignal.any([signal, AbortSignal.timeout(patience * 1000)]);
    await Promise.race([beginning, ended, once(late, "abort")]);
    const inTime = left === 0;
    const result = await work();
    stop.abort();
    const end = await ended;
    const tooLate = `It had not begun within ${patience} s, and not seen all.`;
    return { result, ended: inTime || "error" in end ? end : { error: new Error(tooLate) } };
  } finally {
    stop.abort();
    await ended;
  }
}
