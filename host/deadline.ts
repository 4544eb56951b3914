/**
 * Does work that is asked to end after so many seconds, with `late` as the reason, or by `signal` before.
 * @param seconds 0 is without limit.
 */
export async function withDeadline<T>(
  seconds: number,
  late: string,
  signal: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const limit = new AbortController();
  const end = (): void => {
    limit.abort(new Error(late));
  };
  const timer = seconds === 0 ? undefined : setTimeout(end, seconds * 1000);
  try {
    return await work(signal === undefined ? limit.signal : AbortSignal.any([limit.signal, signal]));
  } finally {
    clearTimeout(timer);
  }
}
