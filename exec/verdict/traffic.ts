/** What reached targets and own sockets tell: proxies that refuse, packets that are too big, sockets that take no IPv6. */
import type { Attempt, Listener } from "../activity";
import type { Run } from "../run";
import { isIpv6, isLoopback, isLoopback4, socketText, type Target } from "../targets";
import { type Finding } from "./causes";
import { noWay } from "./rule";
import { ending, place, portWords } from "./words";

/** The answer to CONNECT (RFC 9110 section 9.3.6) of a proxy that did not get there. */
export function refusedByProxy(target: Target): Finding | undefined {
  for (const attempt of target.attempts) {
    const wanted = /^CONNECT (\S+) HTTP\//.exec(attempt.sent.head)?.[1];
    const status = /^HTTP\/1\.\d (\d{3})/.exec(attempt.received.head)?.[1];
    if (wanted === undefined || status === undefined || status.startsWith("2") || status === "407") continue;
    const words = `The proxy ${place(target)} was asked for ${wanted} and answered ${status}.`;
    return { cause: "proxy", confidence: "probable", words, process: attempt.process, line: attempt.line };
  }
  return undefined;
}

/** Why a SOCKS5 proxy did not get there (RFC 1928 section 6). */
const socksReplies = [
  "general failure",
  "not allowed by its rules",
  "network unreachable",
  "host unreachable",
  "connection refused",
  "TTL expired",
  "command not supported",
  "address type not supported",
];

/** The answer of a SOCKS5 proxy that did not get there. */
export function refusedBySocks(target: Target): Finding | undefined {
  for (const attempt of target.attempts) {
    const { head } = attempt.sent;
    // Its methods, the request behind them; the method that was chosen, and the reply behind that.
    const request = head.slice(2 + (head.charCodeAt(1) || 0));
    const code = /^\x05\x00\x05([\x01-\x08])/.exec(attempt.received.head)?.[1]?.charCodeAt(0);
    if (!head.startsWith("\x05") || !request.startsWith("\x05\x01") || code === undefined) continue;
    const name = request[3] === "\x03" ? request.slice(5, 5 + request.charCodeAt(4)) : "an address";
    const words = `The proxy ${place(target)} was asked for ${name} and answered ${code} (${socksReplies[code - 1] ?? "?"}).`;
    return { cause: "proxy", confidence: "probable", words, process: attempt.process, line: attempt.line };
  }
  return undefined;
}

/** The kernel knew no way for an attempt by IPv4, begun when the same name had been reached: it could do without, and did not. */
export function wentBackToIpv4({ attempts, what, origin, reached }: Target, { network }: Run): Finding | undefined {
  if (!reached || origin !== "name" || network.ipv4 !== "none") return undefined;
  const isOver = Math.max(
    ...attempts.filter(({ outcome }) => outcome.kind === "connected").map(({ endedAt }) => endedAt),
  );
  const attempt = attempts.find(
    ({ family, outcome, at }) =>
      family === "IPv4" && at > isOver && outcome.kind === "failed" && noWay.has(outcome.error),
  );
  if (attempt === undefined) return undefined;
  // Once more by IPv6, and by IPv4 when that had failed, is what it should do.
  if (attempts.some(({ family, at }) => family === "IPv6" && at > isOver)) return undefined;
  const words = `It had reached ${what}, and dialled ${attempt.address}${portWords(attempt)} afterwards, by IPv4 alone: ${ending(attempt)}.`;
  return { cause: "ipv4-literal", confidence: "probable", words, process: attempt.process, line: attempt.line };
}

/** Octets of TCP in the smallest packet that every IPv6 path carries (RFC 8200 section 5). */
const alwaysFits = 1220;

/** Datagrams that the kernel refused, or a connection that falls silent once it has more to send than fits any path. */
export function tooBig(target: Target, run: Run): Finding | undefined {
  const refused = target.attempts.find((attempt) => attempt.tooBig !== undefined);
  if (refused?.tooBig !== undefined) {
    const words = `A datagram of ${refused.tooBig} octets to ${place(target)} was too big (EMSGSIZE).`;
    return { cause: "path-mtu", confidence: "certain", words, process: refused.process, line: refused.line };
  }
  const silent = inVain(target, run).find(({ sent }) => sent.octets > alwaysFits);
  if (silent === undefined) return undefined;
  const words = silenceWords(target, silent, run);
  return { cause: "path-mtu", confidence: "possible", words, process: silent.process, line: silent.line };
}

/** Seconds after which TCP takes what it has sent for lost (RFC 6298 section 2). */
const takenForLost = 1;

/**
 * Connections that a server took, and no answer to what it was sent was seen until the program was ended, or failed after a
 * wait that is longer than it takes to send something again. Of what goes by read(2) and write(2) nothing is known.
 */
function inVain({ attempts }: Target, run: Run): Attempt[] {
  return attempts.filter(
    (attempt) =>
      wasTaken(attempt) &&
      attempt.sent.octets > 0 &&
      attempt.received.octets === 0 &&
      !attempts.some((other) => madeUpFor(attempt, other)) &&
      (run.end.timedOut || (run.end.code !== 0 && wasLongSilent(attempt, run))),
  );
}

/** Sent once more, by a connection that was begun when nothing came any more, and answered: it is not what the program lacked. */
function madeUpFor({ sent, endedAt, lastTraffic = endedAt }: Attempt, later: Attempt): boolean {
  return later.at > lastTraffic && later.sent.octets >= sent.octets && later.received.octets > 0;
}

/** By a server on another machine. */
function wasTaken({ transport, outcome, address }: Attempt): boolean {
  return transport === "tcp" && outcome.kind === "connected" && !isLoopback(address);
}

function wasLongSilent(attempt: Attempt, run: Run): boolean {
  return (silence(attempt, run) ?? 0) >= takenForLost;
}

/** Seconds from what was seen of it last to the end of its process, or of the run; undefined: nobody knows when that was. */
function silence({ process, endedAt, lastTraffic = endedAt }: Attempt, { processes, end }: Run): number | undefined {
  const over = processes.all.find(({ pid }) => pid === process)?.end?.at ?? end.endedAt;
  return over === undefined ? undefined : Math.max(0, over - lastTraffic);
}

function silenceWords(target: Target, attempt: Attempt, run: Run): string {
  const seconds = silence(attempt, run);
  const waited = seconds === undefined ? "" : ` in ${seconds.toFixed(3)} s`;
  return `${place(target)} took the connection, was sent ${attempt.sent.octets} octets, and no answer was seen${waited}.`;
}

/** Servers that took a connection and gave no answer to what they were sent: where that went nobody can tell. */
export function silentServers(targets: readonly Target[], run: Run): string[] {
  return targets.flatMap((target) => {
    const [attempt] = inVain(target, run);
    return attempt === undefined ? [] : [silenceWords(target, attempt, run)];
  });
}

/** Servers of which nobody saw what they were sent and answered, while the program went on: it may have waited for them. */
export function unseenConversations(targets: readonly Target[], run: Run): string[] {
  const isUnseen = (attempt: Attempt): boolean =>
    wasTaken(attempt) && attempt.sent.octets + attempt.received.octets === 0 && wasLongSilent(attempt, run);
  return targets
    .filter(({ attempts }) => attempts.some(isUnseen))
    .map((target) => `What went to and from ${place(target)} was not seen: nothing, or by read(2) and write(2).`);
}

/**
 * Peers of which the program, or what it is written in, was told that they have an IPv6 address: one that has room for IPv4
 * addresses only, or a list of them, fails of it in itself. Who was seen to hear an answer has put up with it.
 */
export function toldIpv6Peers(targets: readonly Target[], { activity, network }: Run): string[] {
  if (network.ipv4 !== "none") return [];
  const dialled = targets
    .filter(({ attempts }) => attempts.some((each) => each.askedForPeer && isForeignIpv6(each.address)))
    .filter(({ attempts }) => attempts.every(({ received }) => received.octets === 0))
    .map((target) => `the address of ${place(target)} (getpeername(2))`);
  const peers = activity.listeners.flatMap(({ transport, accepted }) => (transport === "tcp" ? accepted : []));
  const peer = peers.find(({ address }) => isForeignIpv6(address));
  const told = [...dialled, ...(peer === undefined ? [] : [`the address of who came (${socketText(peer)})`])];
  if (told.length === 0) return [];
  return [`It was told ${told.join(", ")}: of IPv6. What it made of that was not seen, and with IPv4 it may work.`];
}

/** Of another machine, and no IPv4 address in the form of one (RFC 4291 section 2.5.5.2). */
function isForeignIpv6(address: string): boolean {
  return isIpv6(address) && !isLoopback(address) && !address.startsWith("::ffff:");
}

/** What nobody reaches by IPv6. Sockets that another one complements, on the same port, are left out. */
export function ipv4Listeners({ activity: { listeners, attempts } }: Run): Finding[] {
  // Who comes to a container comes by the client's own network, and what serves there for it.
  const serving = listeners.filter(({ error, namespace }) => error === undefined && namespace === undefined);
  const hasPair = ({ port, transport, address }: Listener): boolean =>
    serving.some(
      (other) =>
        other.family === "IPv6" &&
        other.transport === transport &&
        (other.port === port || (port === 0 && other.port === 0)) &&
        (isLoopback4(address) || other.address !== "::1"),
    );
  const alone = serving.filter((each) => each.family === "IPv4" && !hasPair(each) && !isOwn(each, attempts));
  return alone.map((listener) => {
    const { address, port, transport, process, line } = listener;
    const only = isLoopback4(address);
    return {
      cause: only ? ("listens-on-loopback-ipv4" as const) : ("listens-on-ipv4-only" as const),
      confidence: "certain" as const,
      words: `It listens on ${address}, ${transport} port ${port}, and on no IPv6 address.`,
      ...{ process, line },
    };
  });
}

/** Processes that speak to each other only. */
function isOwn({ port, transport }: Listener, attempts: readonly Attempt[]): boolean {
  return attempts.some((each) => each.transport === transport && each.port === port && isLoopback(each.address));
}

/** 127.0.0.1 was not there when it was wanted. */
export function failedBinds({ activity: { listeners } }: Run): Finding[] {
  return listeners
    .filter(({ error, address }) => error === "EADDRNOTAVAIL" && isLoopback4(address))
    .map(({ address, port, process, line }) => ({
      cause: "loopback-ipv4" as const,
      confidence: "certain" as const,
      words: `It wanted to listen on ${address}, port ${port}: EADDRNOTAVAIL.`,
      ...{ process, line },
    }));
}

/** No card has IPv4, and so there is none on which an IPv4 group could be joined. */
export function failedJoins(targets: readonly Target[], { activity, client, network }: Run): Finding[] {
  if (network.ipv4 !== "none") return [];
  // Who speaks to somebody may have put up with it, and fail of something else.
  const confidence = targets.some(({ reached }) => reached) ? ("possible" as const) : ("probable" as const);
  // Other errors are of the group or of the card that was named (ip(7)).
  const withoutCard = activity.failedJoins.filter(({ error }) => error === "ENODEV");
  return withoutCard.map(({ group, error, process, line }) => ({
    cause: "ipv4-multicast" as const,
    confidence,
    words: `It wanted to join the group ${group} (IP_ADD_MEMBERSHIP): ${error}, ${client} has no way to IPv4 groups here.`,
    ...{ process, line },
  }));
}

/** It wanted an IPv4 address of its machine's, where there is none. */
export function wantedOwnAddress({
  activity: { listeners, ownAddressQuestions },
  processes,
  client,
  network,
  loopback4,
}: Run): Finding | undefined {
  if (network.ipv4 !== "none") return undefined;
  const cause = "own-ipv4-address";
  const bound = listeners.find(
    ({ error, family, address }) => error === "EADDRNOTAVAIL" && family === "IPv4" && !isLoopback4(address),
  );
  if (bound !== undefined) {
    const { address, process, line } = bound;
    const words = `It wanted the address ${address} for its own (bind(2)): EADDRNOTAVAIL, ${client} has no IPv4 address here.`;
    return { cause, confidence: "possible", words, process, line };
  }
  // Whoever makes containers looks after their addresses, and these have IPv4 ones.
  if (processes.hasContainers) return undefined;
  const asked = ownAddressQuestions.find(({ onlyIpv4 }) => onlyIpv4) ?? ownAddressQuestions[0];
  if (asked === undefined) return undefined;
  const { by, onlyIpv4, process, line } = asked;
  const what = onlyIpv4 ? "IPv4 addresses" : "addresses";
  const words = `It asked the kernel for this machine's ${what} (${by}), and ${client} has none of IPv4 here${loopback4 ? " but 127.0.0.1" : ""}.`;
  return { cause, confidence: onlyIpv4 ? "probable" : "possible", words, process, line };
}

/** It wanted IPv4 addresses alone, where getaddrinfo(3) asks nobody for what this machine could not use. */
export function toldAtOnce(targets: readonly Target[], { activity, processes, network }: Run): Finding | undefined {
  const [check] = activity.familyChecks;
  if (check === undefined || targets.length > 0 || network.ipv4 !== "none" || processes.hasContainers) return undefined;
  // A server looks so which addresses it may listen on; and who was told some has them sorted by which it would send from.
  if (activity.listeners.length > 0 || activity.attempts.some(({ outcome }) => outcome.kind === "unused"))
    return undefined;
  const words =
    "It asked the kernel which addresses this machine has, as getaddrinfo(3) does for AI_ADDRCONFIG, and then for no name: who wants IPv4 addresses alone (AF_INET) is told at once that there are none.";
  return { cause: "a-only", confidence: "possible", words, process: check.process, line: check.line };
}

/** It works, and would not where IPv4 is switched off. */
export function spokeToLoopback4({ attempts, what, port }: Target): Finding | undefined {
  const attempt = attempts.find(({ address, outcome }) => isLoopback4(address) && outcome.kind === "connected");
  if (attempt === undefined || port === undefined) return undefined;
  // Names of this machine stand for both addresses, and so both are one target.
  const refused = attempts.find(({ address, outcome }) => address === "::1" && outcome.kind === "failed");
  const instead = refused === undefined ? "" : `, and not at ${socketText(refused)}: ${ending(refused)}`;
  const words = `It spoke to ${what} at ${attempt.address}${portWords(attempt)}${instead}.`;
  return { cause: "loopback-ipv4", confidence: "possible", words, process: attempt.process, line: attempt.line };
}
