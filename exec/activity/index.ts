/** What a program did with the network, from its system calls and from what its resolver said. */
import type { Overheard } from "../overheard";
import type { Trace } from "../trace/calls";
import type { Processes } from "../trace/processes";
import type { Activity, Lookup } from "./facts";
import { SocketWatcher } from "./sockets";

export type * from "./facts";

/**
 * @param resolvers their addresses, from the client's resolv.conf(5).
 * @param overheard what the client's own resolver says of its work at that time.
 */
export function readActivity(
  trace: Trace,
  processes: Processes,
  resolvers: readonly string[],
  overheard: readonly Overheard[],
): Activity {
  const activity = new SocketWatcher(trace, processes).activity();
  const { told, unheard } = fillIn(activity, resolvers, overheard);
  return { ...activity, unheard, lookups: [...activity.lookups, ...told].sort((one, other) => one.at - other.at) };
}

/** Seconds that a resolver may take. */
const resolverPatience = 15;

/** A datagram socket that was pointed to a resolver and never seen to ask has asked by write(2), one question each. */
function fillIn({ attempts, lookups }: Activity, resolvers: readonly string[], overheard: readonly Overheard[]) {
  const silent = attempts.filter(
    ({ transport, port, address, sent }) =>
      transport === "udp" && port === 53 && sent.octets === 0 && resolvers.includes(address),
  );
  // What is known from the program's own calls is no news.
  const left = overheard.filter(
    (each) => !lookups.some(({ name, answer }) => name === each.name && Math.abs((answer?.at ?? 0) - each.at) < 0.5),
  );
  const told = silent.flatMap((attempt): Lookup[] => {
    const found = left.findIndex(({ at }) => at >= attempt.at && at < attempt.at + resolverPatience);
    const [heard] = found < 0 ? [] : left.splice(found, 1);
    if (heard === undefined) return [];
    const { name, types, rcode, addresses, at } = heard;
    const { process, line, address } = attempt;
    return [
      { at: attempt.at, process, line, name, types, server: address, answer: { at, rcode, addresses, cut: false } },
    ];
  });
  return { told, unheard: silent.length - told.length };
}
