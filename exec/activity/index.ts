/** What a program did with the network, from its system calls and from what its resolver said. */
import type { Overheard } from "../overheard";
import type { Trace } from "../trace/calls";
import type { Processes } from "../trace/processes";
import type { Activity, Attempt, Lookup } from "./facts";
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
  const { told, unheard } = fillIn(activity, processes, resolvers, overheard);
  return { ...activity, unheard, lookups: [...activity.lookups, ...told].sort((one, other) => one.at - other.at) };
}

/** Seconds that a resolver may take. */
const resolverPatience = 15;

/** A socket that was pointed to a resolver and never seen to ask has asked by write(2), one question each. */
function fillIn(
  activity: Activity,
  processes: Processes,
  resolvers: readonly string[],
  overheard: readonly Overheard[],
) {
  const { attempts, lookups } = activity;
  const silent = attempts.filter(
    ({ port, sent, outcome }) => port === 53 && sent.octets === 0 && outcome.kind !== "failed",
  );
  const known = silent.filter(({ address }) => resolvers.includes(address));
  const told: Lookup[] = [];
  let unheard = 0;
  // A daemon passes on what it was asked, and that was seen.
  const missed = ({ process }: Attempt): number => (processes.isDaemon(process) ? 0 : 1);
  // What is known from the program's own calls is no news.
  const left = askedHere(activity, overheard).filter(
    (each) =>
      !lookups.some(
        ({ name, answer }) => answer?.cut === false && name === each.name && Math.abs(answer.at - each.at) < 0.5,
      ),
  );
  for (const attempt of known) {
    const found = left.findIndex(({ at }) => at >= attempt.at && at < attempt.at + resolverPatience);
    const [heard] = found < 0 ? [] : left.splice(found, 1);
    if (heard === undefined) {
      unheard += missed(attempt);
      continue;
    }
    const { name, types, rcode, addresses, at } = heard;
    const { process, line, namespace, address } = attempt;
    const used = attempts.find((each) => each.at >= attempt.at && addresses.includes(each.address));
    // A line has the time at which it was read: what was dialled had been told before.
    const answer = { at: Math.min(at, used?.at ?? at), rcode, addresses, cut: false };
    told.push({ at: attempt.at, process, line, namespace, name, types, server: address, overheard: true, answer });
  }
  // Go points sockets at port 53 of each candidate too, to learn the source address: no resolver is dialled otherwise.
  const candidates = new Set([
    ...[...lookups, ...told].flatMap(({ answer }) => answer?.addresses ?? []),
    ...attempts.filter(({ port }) => port !== 53).map(({ address }) => address),
  ]);
  const others = silent.filter(({ address }) => !resolvers.includes(address) && !candidates.has(address));
  return { told, unheard: others.reduce((sum, each) => sum + missed(each), unheard) };
}

/** Seconds by which a line of the resolver's may come after its answer. */
const lag = 1;

/** The resolver works for everybody: names of which an address was dialled, or all of them where nothing was. */
function askedHere({ attempts }: Activity, overheard: readonly Overheard[]): Overheard[] {
  const dialled = attempts.filter(({ port }) => port !== 53);
  if (dialled.length === 0) return [...overheard];
  const names = new Set(
    overheard
      .filter((each) => dialled.some(({ address, at }) => at > each.at - lag && each.addresses.includes(address)))
      .map(({ name }) => name),
  );
  return overheard.filter(({ name }) => names.has(name));
}
