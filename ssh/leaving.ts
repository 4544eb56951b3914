/**
 * The end of connections to machines behind another: word of it must be on its way before the one in between is left, and
 * before a machine changes its network. One that never hears of the end keeps the session for two hours.
 */

/** Milliseconds in which the machine in between, if it is there, has passed it on. */
const patience = 2000;

/** What ssh2's client is to this. */
interface Ending {
  end(): unknown;
  once(event: "close", listener: () => void): unknown;
}

/** Those that are being left, each with the connection that it goes through. */
const leaving = new Map<Promise<void>, object>();

/** Ends a connection that goes through another. */
export function leave(connection: Ending, through: object): void {
  const closed = new Promise<void>((resolve) => {
    const late = setTimeout(resolve, patience);
    connection.once("close", () => {
      clearTimeout(late);
      resolve();
    });
  }).finally(() => leaving.delete(closed));
  leaving.set(closed, through);
  connection.end();
}

/** Ends a connection that others go through, behind theirs. */
export async function leaveLast(connection: Pick<Ending, "end">): Promise<void> {
  await left(connection);
  connection.end();
}

/**
 * Waits until the machines in between have passed on that those behind them were left, or do not answer.
 * @param through those that go through this connection; all, without it.
 */
export async function left(through?: object): Promise<void> {
  const concerned = [...leaving].filter(([, each]) => through === undefined || each === through);
  await Promise.all(concerned.map(([closed]) => closed));
}
