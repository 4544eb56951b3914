/** Ctrl-C and SIGTERM, for what has to tidy up or to end its children before the process ends. */
import { UserError } from "./messages";

/** Signals of one press come more than once, from each of npm and the shell between the user and us. */
export const onePressMilliseconds = 400;

/**
 * Does work that is asked to end by the first signal; the second one ends the process at once. Afterwards signals mean
 * what they meant before.
 */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  let first: number | undefined;
  const onSignal = (): void => {
    if (first !== undefined && Date.now() - first > onePressMilliseconds) process.exit(130);
    first ??= Date.now();
    controller.abort(new UserError("Interrupted."));
  };
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
  try {
    return await work(controller.signal);
  } finally {
    process.removeListener("SIGINT", onSignal);
    process.removeListener("SIGTERM", onSignal);
  }
}
