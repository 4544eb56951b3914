/** Servers that nobody was sent to try: whether somebody came to them all the same, until they were ended. */
import type { Attempt, Listener } from "../activity";
import type { Run } from "../run";
import { isLoopback, isMulticast, socketText } from "../targets";
import type { SocketAddress } from "../trace/values";
import { endingSignal, wasEnded } from "./endings";

/** A server that ran until somebody ended it, and who had come to it from other machines. */
export interface Served {
  readonly on: readonly Listener[];
  readonly visitors: readonly SocketAddress[];
  /** Of these, whom it has served for certain: a datagram that nobody answers may have been for anybody. */
  readonly served: readonly SocketAddress[];
  /** Whether some of them came to a socket of IPv6. */
  readonly byIpv6: boolean;
}

/**
 * Undefined: it was none, or has ended by itself. A client's own UDP port is no server until somebody is heard there; nor is
 * who listens on this machine alone, for a debugger say, and dials others.
 */
export function servedToTheEnd(run: Run): Served | undefined {
  const { listeners, attempts } = run.activity;
  const visitorsOf = ({ accepted, port }: Listener): SocketAddress[] =>
    accepted.filter((peer) => !isLoopback(peer.address) && !attempts.some((own) => isOwn(own, peer, port)));
  const on = listeners.filter(
    (each) => each.error === undefined && (each.transport === "tcp" || visitorsOf(each).length > 0),
  );
  const dials = attempts.some(({ address }) => !isLoopback(address));
  if (on.every(({ address }) => dials && isLoopback(address)) || !wasEnded(run, on)) return undefined;
  return {
    on,
    visitors: on.flatMap(visitorsOf),
    served: on.flatMap((each) => {
      const answered = new Set(each.answered.map(socketText));
      return visitorsOf(each).filter((peer) => each.transport === "tcp" || answered.has(socketText(peer)));
    }),
    byIpv6: on.some((each) => each.family === "IPv6" && visitorsOf(each).length > 0),
  };
}

/** The program itself has come there, or asked whoever answered; of a group that is anybody (RFC 6762 section 6). */
function isOwn({ address, port }: Attempt, peer: SocketAddress, served: number): boolean {
  if (isMulticast(address)) return port === peer.port;
  return address === peer.address && (port === served || port === peer.port);
}

/** Of a server to which nobody came for certain: it may as well have waited for what it could not reach. */
export function unvisited(run: Run, { on, visitors }: Served): string {
  const sockets = on.map(({ transport, address, port }) => `${transport} ${socketText({ address, port })}`);
  const [port] = on.filter(({ address }) => !isLoopback(address)).map((each) => each.port);
  const asked = port === undefined ? "" : ` --listen ${port} has other machines try it.`;
  const unnamed = on.reduce((sum, each) => sum + each.unnamed, 0);
  const [first] = visitors;
  const came =
    first !== undefined
      ? `${socketText(first)} sent something there, which it did not answer`
      : unnamed === 0
        ? "nobody came from another machine"
        : "who came was not seen: it took connections without asking from whom (accept(2))";
  return `It listened on ${sockets.join(", ")} until it was ended (${howEnded(run)}), and ${came}.${asked}`;
}

function howEnded(run: Run): string {
  return run.end.timedOut ? "the time limit" : (endingSignal(run) ?? "timeout(1)");
}
