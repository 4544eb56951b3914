/** Exit codes of programs that somebody else has ended. */

/** As a shell tells of signals that somebody sends: what the program would have come to nobody knows (signal(7)). */
export const endedFromOutside: ReadonlyMap<number, string> = new Map([
  [129, "SIGHUP"],
  [130, "SIGINT"],
  [137, "SIGKILL"],
  [143, "SIGTERM"],
]);

/** Of timeout(1), when it has ended what it started. */
export const outOfTime = 124;
