/** What a program did, in the order of time, in words. */
import type { Attempt, Listener, Lookup } from "./activity";
import { extractIpv4 } from "../plan/rfc6052";
import type { Run } from "./run";
import { pathOf, socketText, type Target } from "./targets";
import { beginning, ending } from "./verdict/words";

export interface Moment {
  /** Seconds since the first call. */
  readonly after: number;
  /** Program and process number. */
  readonly who: string;
  readonly what: string;
  /** Of the trace. */
  readonly line: number;
}

export function timeline(run: Run, targets: readonly Target[]): Moment[] {
  const { activity, processes } = run;
  const names = new Map(targets.flatMap((target) => target.attempts.map((attempt) => [attempt, target] as const)));
  const moment = (seen: { at: number; process: number; line: number }, what: string): [number, Moment] => [
    seen.at,
    { after: 0, who: who(run, seen), what, line: seen.line },
  ];
  const moments = [
    ...processes.executions
      .filter(({ error }) => error === undefined)
      .map((each): [number, Moment] => {
        const process = processes.all.find(({ pid }) => pid === processes.of(each.pid));
        const what = `starts: ${beginning(each.args.join(" "), mostOfCommand)}`;
        return moment({ at: each.at, process: process?.pid ?? each.pid, line: each.line }, what);
      }),
    ...activity.lookups.map((lookup) => moment(lookup, lookupWords(lookup))),
    ...[...names].map(([attempt, target]) => moment(attempt, attemptWords(run, attempt, target))),
    ...activity.listeners.map((listener) => moment(listener, listenerWords(listener))),
  ].sort(([one], [other]) => one - other);
  const start = Math.min(...processes.all.map(({ startedAt }) => startedAt), ...moments.map(([at]) => at));
  return moments.map(([at, each]) => ({ ...each, after: at - start }));
}

/** Characters of a command: helpers of containers have arguments of a thousand. */
const mostOfCommand = 160;

export function who({ processes }: Run, { process, line }: { process: number; line: number | undefined }): string {
  const { program = "?" } = processes.programAt(process, line ?? Infinity) ?? {};
  return `${program.split("/").at(-1) ?? program}[${process}]`;
}

function lookupWords({ name, types, server, answer, at }: Lookup): string {
  const asked = `asks ${server} for ${types.join(" and ")} of ${name}`;
  if (answer === undefined) return `${asked}: no answer was seen`;
  const told = answer.addresses.length > 0 ? answer.addresses.join(", ") : "no address";
  const rcode = answer.rcode === "NOERROR" ? "" : `${answer.rcode}, `;
  return `${asked}: ${rcode}${told}${answer.cut ? " …" : ""} (${(answer.at - at).toFixed(3)} s)`;
}

function attemptWords(run: Run, attempt: Attempt, { what, origin }: Target): string {
  const { address, port, transport, sent, received } = attempt;
  const to = socketText({ address, port });
  const from = { name: what, hosts: `${what} in /etc/hosts`, literal: "a literal" }[origin];
  // Of what went by read(2) and write(2) nothing is known, so that nothing is no number.
  const counts = [
    ...(sent.octets === 0 ? [] : [`${octets(sent.octets)} out`]),
    ...(received.octets === 0 ? [] : [`${sent.octets === 0 ? octets(received.octets) : received.octets} in`]),
  ];
  const traffic = counts.length === 0 ? "" : `; ${counts.join(", ")}`;
  return `${transport === "udp" ? "sends to" : "dials"} ${to} (${from})${wayWords(run, attempt)}: ${ending(attempt)}${traffic}`;
}

function octets(count: number): string {
  return `${count} ${count === 1 ? "octet" : "octets"}`;
}

function wayWords({ network, sessions }: Run, attempt: Attempt): string {
  switch (pathOf(network, attempt)) {
    case "loopback":
      return "";
    case "native":
      return attempt.family === "IPv6" ? " by IPv6" : " by IPv4";
    case "NAT64": {
      // The trace does not tell the client's port, and Jool keeps sessions for minutes: of several nobody knows which it was.
      const [session, ...more] = sessions.filter(
        ({ serverIpv6, protocol }) =>
          serverIpv6.address === attempt.address &&
          serverIpv6.id === String(attempt.port) &&
          protocol.toLowerCase() === attempt.transport,
      );
      const behind = `by NAT64 to ${extractIpv4(network.nat64Prefix ?? "", attempt.address)}`;
      const began = attempt.outcome.kind === "connected" || attempt.outcome.kind === "sent";
      if (session === undefined || more.length > 0 || !began) return ` ${behind}`;
      return ` ${behind} (the gateway's session: ${session.ipv4.address}#${session.ipv4.id} -> ${session.server.address}#${session.server.id} ${session.state})`;
    }
  }
}

function listenerWords({ address, port, transport, dualStack, accepted, error }: Listener): string {
  const on = socketText({ address, port });
  if (error !== undefined) return `cannot have ${on} for its own (${transport}): ${error}`;
  const whom =
    accepted.length === 0 ? "" : `, heard from ${[...new Set(accepted.map((each) => each.address))].join(", ")}`;
  return `listens on ${on} (${transport}${dualStack ? ", both families" : ""})${whom}`;
}
