/** Servers that nobody was sent to try: whether somebody came to them all the same, until they were ended. */
import type { Attempt, Listener } from "../activity";
import type { Run } from "../run";
import { isLoopback, socketText } from "../targets";
import type { SocketAddress } from "../trace/values";
import { endingSignal, wasEnded } from "./endings";

/** A server that ran until somebody ended it, and who had come to it from other machines. */
export interface Served {
  readonly on: readonly Listener[];
  readonly visitors: readonly SocketAddress[];
}

/**
 * Undefined: it was none, or has ended by itself. A client's own UDP port is no server until somebody is heard there.
 */
export function servedToTheEnd(run: Run): Served | undefined {
  const { listeners, attempts } = run.activity;
  const visitorsOf = ({ accepted, port }: Listener): SocketAddress[] =>
    accepted.filter((peer) => !isLoopback(peer.address) && !attempts.some((own) => isOwn(own, peer, port)));
  const on = listeners.filter(
    (each) => each.error === undefined && (each.transport === "tcp" || visitorsOf(each).length > 0),
  );
  if (on.length === 0 || !wasEnded(run, on)) return undefined;
  return { on, visitors: on.flatMap(visitorsOf) };
}

/** The program itself has come there, or asked whoever answered. */
function isOwn({ address, port }: Attempt, peer: SocketAddress, served: number): boolean {
  return address === peer.address && (port === served || port === peer.port);
}

/** Of a server to which nobody came: it may as well have waited for what it could not reach. */
export function unvisited(run: Run, { on }: Served): string {
  const sockets = on.map(({ transport, address, port }) => `${transport} ${socketText({ address, port })}`);
  const [port] = on.filter(({ address }) => !isLoopback(address)).map((each) => each.port);
  const asked = port === undefined ? "" : ` --listen ${port} has other machines try it.`;
  return `It listened on ${sockets.join(", ")} until it was ended (${howEnded(run)}), and nobody came from another machine.${asked}`;
}

function howEnded(run: Run): string {
  return run.end.timedOut ? "the time limit" : (endingSignal(run) ?? "timeout(1)");
}
