/** What attempts tell of a target that was not reached: one rule a cause. */
import { traits } from "../../plan/scenario";
import type { Attempt } from "../activity";
import type { NetworkView, Run } from "../run";
import { answeredAddresses, isIpv6, isLoopback, isLoopback4, isMulticast, pathOf, type Target } from "../targets";
import { at, isContainer, neverRight, noWay, type Rule, startsLiteral, unfinished, wasRefused, without4 } from "./rule";
import { ending, place, portWords } from "./words";

export const ipv4Literal: Rule = (target, run) => {
  const { origin, what } = target;
  const attempt = target.attempts.find(({ family, address }) => family === "IPv4" && !isLoopback(address));
  if (attempt === undefined || origin === "name" || !without4(run)) return undefined;
  // Who refuses by IPv4 where there is none is this machine itself, or a container of it.
  if (isContainer(attempt, run) || wasRefused(attempt)) return undefined;
  const before = run.activity.lookups.filter(({ types, at: asked }) => types.includes("A") && asked <= attempt.at);
  const [cut, silent] = unfinished(before);
  // A question that nobody heard may have told this address, and so may an answer that was not seen whole.
  if (run.activity.unheard > 0 || cut) return undefined;
  const refused = attempt.outcome.kind === "failed" && noWay.has(attempt.outcome.error);
  return {
    cause: "ipv4-literal",
    confidence: silent ? "possible" : refused ? "certain" : "probable",
    words:
      origin === "hosts"
        ? `It dialled ${attempt.address} for ${what}: the client's hosts(5) says so, and no more: ${ending(attempt)}.`
        : `It dialled ${what}${portWords(attempt)}, and no answer of a resolver held that address: ${ending(attempt)}.${onlyPointed(target) ? ownAddressTrick : ""}`,
    ...at(attempt),
  };
};

/** Datagram sockets had it for their peer, and nothing was to leave: what was to come after that nobody saw. */
function onlyPointed({ attempts }: Target): boolean {
  return attempts.every(({ transport, pointed, sent }) => transport === "udp" && pointed && sent.octets === 0);
}

const ownAddressTrick =
  " That sends nothing (udp(7)): if it wanted no more than its own address, a socket that is connected to a name's address of either family tells it (getsockname(2)), and getifaddrs(3) tells them all.";

/** There no name leads, and no translator. */
export const ipv4Multicast: Rule = (target, run) => {
  const attempt = target.attempts.find(({ family, address }) => family === "IPv4" && isMulticast(address));
  if (attempt?.outcome.kind !== "failed" || !noWay.has(attempt.outcome.error) || !without4(run)) return undefined;
  return {
    cause: "ipv4-multicast",
    confidence: "certain",
    words: `It dialled ${attempt.address}${portWords(attempt)}: ${ending(attempt)}.`,
    ...at(attempt),
  };
};

export const ipv4Socket: Rule = (target) => {
  const attempt = target.attempts.find(({ family, socketFamily }) => family === "IPv6" && socketFamily === "IPv4");
  if (attempt === undefined) return undefined;
  return {
    cause: "ipv4-socket",
    confidence: "certain",
    words: `It made a socket of AF_INET and gave it the IPv6 address ${attempt.address} of ${target.what}: ${ending(attempt)}.`,
    ...at(attempt),
  };
};

/** Nothing came back to a datagram, and to whoever ended well nothing had to. */
function needsNoAnswer({ transport, outcome }: Attempt, { end }: Run): boolean {
  return end.code === 0 && transport === "udp" && outcome.kind !== "failed";
}

export const firstCandidateOnly: Rule = (target, run) => {
  const addresses = answeredAddresses(target);
  const tried = new Set(target.attempts.map(({ address }) => address));
  // A name server that it asks is one of those that it tries, too.
  const asked = new Set(
    run.activity.attempts.flatMap(({ address, port, sent }) => (port === 53 && sent.octets > 0 ? address : [])),
  );
  const untried = addresses.filter((address) => !tried.has(address) && !asked.has(address) && !isLoopback(address));
  const [attempt] = target.attempts;
  // A family that cannot work here is no other candidate.
  if (!traits[run.network.scenario].ipv6) return undefined;
  const usable = untried.filter((address) => isIpv6(address) && !neverRight.test(address));
  if (attempt === undefined || usable.length === 0) return undefined;
  if (target.attempts.some((each) => needsNoAnswer(each, run))) return undefined;
  const only4 = target.attempts.every(({ family }) => family === "IPv4");
  return {
    cause: "first-candidate-only",
    confidence: only4 ? "certain" : "probable",
    words: `It was told ${addresses.join(", ")} for ${target.what}, dialled ${[...tried].join(", ")} (${ending(attempt)}), and never ${usable.join(", ")}.`,
    ...at(attempt),
  };
};

/** Seconds. A whole connection over a satellite takes 0.6 s, over a bad mobile path a second. */
const patience = 2;

export const attemptDelay: Rule = (target, run) => {
  const attempt = target.attempts.find(
    ({ transport, outcome, at: start, endedAt }) =>
      transport === "tcp" && outcome.kind === "abandoned" && endedAt - start < patience,
  );
  if (attempt === undefined || endedWith(run, attempt)) return undefined;
  const milliseconds = Math.round((attempt.endedAt - attempt.at) * 1000);
  return {
    cause: "attempt-delay-too-short",
    confidence: "probable",
    words: `It dialled ${attempt.address} for ${target.what} and closed the socket after ${milliseconds} ms, before there was an answer.`,
    ...at(attempt),
  };
};

/** Whoever would have answered had no time to. */
function wasCutShort({ outcome, at: start, endedAt }: Attempt): boolean {
  return (outcome.kind === "abandoned" || outcome.kind === "open") && endedAt - start < patience;
}

/** Whoever is ended gives up everything. */
function endedWith({ processes, end }: Run, { process, endedAt }: Attempt): boolean {
  const own = processes.all.find(({ pid }) => pid === process)?.end;
  // The kernel closes all that is open.
  return end.timedOut || own === undefined || own.at - endedAt < (own.kind === "killed" ? 0.1 : 0.001);
}

export const loopback: Rule = (target, { loopback4 }) => {
  const attempt = target.attempts.find(({ address }) => isLoopback4(address));
  if (attempt === undefined) return undefined;
  const { outcome } = attempt;
  const away = outcome.kind === "failed" && noWay.has(outcome.error);
  // It is there, and nobody listens.
  if (loopback4 && !away) return undefined;
  return {
    cause: "loopback-ipv4",
    confidence: away ? "certain" : "probable",
    words: `It dialled ${attempt.address}${portWords(attempt)}: ${ending(attempt)}.`,
    ...at(attempt),
  };
};

/** Text without dots is a number to inet_aton(3): `64` of `64:ff9b::1` becomes 0.0.0.64. */
export const numberDialled: Rule = (target, run) => {
  const attempt = target.attempts.find(({ address }) => /^0\.\d/.test(address));
  if (attempt === undefined) return undefined;
  const group = attempt.address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
  if (!startsLiteral(String(group), run)) return undefined;
  return {
    cause: "ipv6-literal-misread",
    confidence: "probable",
    words: `It dialled ${attempt.address}, which is the number ${group}: the first group of an IPv6 address that it was given or told.`,
    ...at(attempt),
  };
};

export const refusedByServer: Rule = (target, { network }) => {
  const attempt = target.attempts.find(wasRefused);
  const way = attempt && wayToRefusal(attempt, network);
  if (attempt === undefined || way === undefined) return undefined;
  const byIpv6 = pathOf(network, attempt) === "native" && attempt.family === "IPv6";
  // By IPv4 somebody may serve, and that was not to be had.
  if (byIpv6 && network.ipv4 === "none" && answeredAddresses(target).some((each) => !isIpv6(each))) return undefined;
  return {
    cause: "not-for-want-of-ipv4",
    confidence: byIpv6 ? "possible" : "certain",
    words: `${place(target)} was found ${way} and refused the connection.`,
    ...at(attempt),
  };
};

/** Where whoever refused was found; undefined: by IPv4 alone, where IPv6 may lead there too. */
function wayToRefusal(attempt: Attempt, network: NetworkView): string | undefined {
  const path = pathOf(network, attempt);
  if (path === "NAT64") return "over NAT64, so over IPv4,";
  if (path === "loopback") return "on the client itself";
  if (attempt.family === "IPv6") return "over IPv6";
  if (attempt.namespace !== undefined) return "by IPv4, from a container's network,";
  // Without IPv4 nobody else could refuse by it.
  if (network.ipv4 === "none") return "by IPv4, on the client itself,";
  return traits[network.scenario].ipv6 ? undefined : "over IPv4";
}

export const serverRecord: Rule = (target, run) => {
  const { network } = run;
  const attempt = target.attempts.find((each) => each.family === "IPv6" && pathOf(network, each) === "native");
  // With native IPv4 the next candidate would have been there.
  if (target.origin !== "name" || attempt === undefined || network.ipv4 === "native") return undefined;
  if (needsNoAnswer(attempt, run) || wasCutShort(attempt)) return undefined;
  return {
    cause: "server-record-wrong",
    // Who refuses may do so by IPv4 too.
    confidence:
      answeredAddresses(target).some((each) => !isIpv6(each)) && !wasRefused(attempt) ? "probable" : "possible",
    words: `${target.what} has an IPv6 address of its own, ${attempt.address}, and nobody serves there: ${ending(attempt)}.`,
    ...at(attempt),
  };
};
