/** What asks this process to end, for work that has to tidy up or to end its children first. */
import { UserError } from "./messages";

/** Signals of one press come more than once, from each of npm and the shell between the user and us. */
export const onePressMilliseconds = 400;

/** Of Ctrl-C, of another process, and of a terminal that is closed. */
const interruptions = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** A terminal that is closed takes no words any more (EIO), and what tidies up says some. */
function speakToNobody(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined);
}

/** Calls the listener for each of these signals, until the returned function is called. */
export function onInterruption(listener: (signal: (typeof interruptions)[number]) => void): () => void {
  process.once("SIGHUP", speakToNobody);
  for (const name of interruptions) process.on(name, listener);
  return () => {
    process.removeListener("SIGHUP", speakToNobody);
    for (const name of interruptions) process.removeListener(name, listener);
  };
}

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
  const stop = onInterruption(onSignal);
  try {
    return await work(controller.signal);
  } finally {
    stop();
  }
}
