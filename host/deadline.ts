/** Work had not ended when its time was over. */
export class LateError extends Error {}

/**
 * Does work that is asked to end after so many seconds, with `late` as the reason, or by `signal` before.
 * @param seconds 0 is without limit.
 * @param from when they begin; undefined: now.
 * @throws LateError with `late`; what the work throws before.
 */
export async function withDeadline<T>(
  seconds: number,
  late: string,
  signal: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
  from?: Promise<void>,
): Promise<T> {
  const limit = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  let done = false;
  const begin = (): void => {
    if (seconds === 0 || done) return;
    timer = setTimeout(() => {
      limit.abort(new LateError(late));
    }, seconds * 1000);
  };
  if (from === undefined) begin();
  else void from.then(begin, () => undefined);
  try {
    return await work(signal === undefined ? limit.signal : AbortSignal.any([limit.signal, signal]));
  } catch (error) {
    // What is waited for may have an own word for it that it was ended.
    limit.signal.throwIfAborted();
    throw error;
  } finally {
    done = true;
    clearTimeout(timer);
  }
}
