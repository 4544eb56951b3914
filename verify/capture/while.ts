/** A capture that lasts as long as something else is done. */
import { once } from "node:events";
import type { SshConnection } from "../../ssh";
import { type Capture, capturePackets } from "./run";

export interface Watch extends Omit<Capture, "stop"> {
  /** Ends the wait for the capture's beginning. */
  readonly signal: AbortSignal;
}

/** How the capture ended: with so many packets missed, or badly. */
export type Ended = { readonly missed: number } | { readonly error: Error };

/** Seconds in which the captures must have begun: what is done is done in any case. */
const patience = 20;

/** @throws what the work throws. */
export async function captureWhile<T>(
  connection: SshConnection,
  { signal, ...capture }: Watch,
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
    const result = await work();
    stop.abort();
    return { result, ended: await ended };
  } finally {
    stop.abort();
    await ended;
  }
}
