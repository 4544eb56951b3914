/** A signal that is aborted by the first Ctrl-C; the second one ends the process as usual. */
export function interruption(): AbortSignal {
  const controller = new AbortController();
  process.once("SIGINT", () => {
    controller.abort(new Error("Interrupted."));
  });
  return controller.signal;
}
