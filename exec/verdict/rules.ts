/** What a target that was not reached tells: one rule a cause, by what the system did, never by a program's name. */
import { parseIpv6 } from "../../plan/prefix";
import type { Attempt, Lookup } from "../activity";
import type { Run } from "../run";
import { answeredAddresses, askedTypes, isIpv6, isLoopback, isLoopback4, pathOf, type Target } from "../targets";
import type { Finding } from "./causes";

type Rule = (target: Target, run: Run, targets: readonly Target[]) => Finding | undefined;

/** The kernel said at once that there is no way to such an address. */
export const noWay: ReadonlySet<string> = new Set([
  "ENETUNREACH",
  "EADDRNOTAVAIL",
  "EHOSTUNREACH",
  "EAFNOSUPPORT",
  "ENETDOWN",
  "EACCES",
  "EPERM",
]);

export function place({ attempts, what, port }: Target): string {
  const [first] = attempts;
  if (port === undefined) return what;
  return first?.address === what && isIpv6(what) ? `[${what}]:${port}` : `${what}:${port}`;
}

/** How an attempt ended, in words. */
export function ending({ outcome, at, endedAt }: Attempt): string {
  const seconds = `${(endedAt - at).toFixed(3)} s`;
  switch (outcome.kind) {
    case "failed":
      return `${outcome.error} after ${seconds}`;
    case "abandoned":
      return `given up after ${seconds}`;
    case "connected":
      return `connected after ${seconds}`;
    case "sent":
      return "sent, no answer";
    case "unused":
      return "nothing sent";
  }
}

function without4({ network }: Run): boolean {
  return network.ipv4 === "none";
}

const ipv4Literal: Rule = (target, run) => {
  const { origin, what } = target;
  const attempt = target.attempts.find(({ family, address }) => family === "IPv4" && !isLoopback(address));
  if (attempt === undefined || origin === "name" || !without4(run)) return undefined;
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
        : `It dialled ${what}, port ${attempt.port}, and no answer of a resolver held that address: ${ending(attempt)}.`,
    ...at(attempt),
  };
};

/** Whether there are answers of which only a part was seen, and questions to which none was, and nobody asked once more. */
function unfinished(lookups: readonly Lookup[]): [cut: boolean, silent: boolean] {
  const key = ({ name, types }: Lookup): string => `${name} ${types.join(" ")}`;
  const whole = new Set(lookups.filter(({ answer }) => answer?.cut === false).map(key));
  const left = lookups.filter((lookup) => !whole.has(key(lookup)));
  return [left.some(({ answer }) => answer !== undefined), left.some(({ answer }) => answer === undefined)];
}

const ipv4Socket: Rule = (target) => {
  const attempt = target.attempts.find(({ family, socketFamily }) => family === "IPv6" && socketFamily === "IPv4");
  if (attempt === undefined) return undefined;
  return {
    cause: "ipv4-socket",
    confidence: "certain",
    words: `It made a socket of AF_INET and gave it the IPv6 address ${attempt.address} of ${target.what}: ${ending(attempt)}.`,
    ...at(attempt),
  };
};

const aOnly: Rule = (target, run) => {
  const [lookup] = target.lookups;
  const types = askedTypes(target);
  if (lookup === undefined || !types.has("A") || types.has("AAAA") || !without4(run)) return undefined;
  if (target.lookups.every(({ answer }) => answer !== undefined && answer.rcode !== "NOERROR")) return undefined;
  const tried = target.attempts.map((attempt) => `${attempt.address}: ${ending(attempt)}`).join("; ");
  return {
    cause: "a-only",
    // What nobody heard may have been the other question.
    confidence: run.activity.unheard > 0 ? "probable" : "certain",
    words: `It asked for A of ${target.what} and never for AAAA${tried === "" ? ", and then dialled nothing" : `. It dialled ${tried}`}.`,
    ...at(lookup),
  };
};

const firstCandidateOnly: Rule = (target) => {
  const addresses = answeredAddresses(target);
  const tried = new Set(target.attempts.map(({ address }) => address));
  const untried = addresses.filter((address) => !tried.has(address) && !isLoopback(address));
  const [attempt] = target.attempts;
  // A family that cannot work here is no other candidate.
  const usable = untried.filter((address) => isIpv6(address) && !neverRight.test(address));
  if (attempt === undefined || usable.length === 0) return undefined;
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

const attemptDelay: Rule = (target, run) => {
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

/** Whoever is ended gives up everything. */
function endedWith({ processes, end }: Run, { process, endedAt }: Attempt): boolean {
  const own = processes.all.find(({ pid }) => pid === process)?.end;
  return end.timedOut || own === undefined || (own.kind === "killed" && own.at - endedAt < 0.1);
}

const loopback: Rule = (target, { loopback4 }) => {
  const attempt = target.attempts.find(({ address }) => isLoopback4(address));
  if (attempt === undefined) return undefined;
  const { outcome } = attempt;
  const away = outcome.kind === "failed" && noWay.has(outcome.error);
  // It is there, and nobody listens.
  if (loopback4 && !away) return undefined;
  return {
    cause: "loopback-ipv4",
    confidence: away ? "certain" : "probable",
    words: `It dialled ${attempt.address}, port ${attempt.port}: ${ending(attempt)}.`,
    ...at(attempt),
  };
};

/** An IPv6 literal among a program's arguments that begins with this group. */
function startsLiteral(group: string, { processes }: Run): boolean {
  const pattern = new RegExp(`(^|[^0-9a-z:])${group}:[0-9a-f:]*:`, "i");
  return processes.all.some(({ args }) => args.some((arg) => pattern.test(arg)));
}

/** With brackets, a zone (RFC 4007 section 11) or a port or without; `db.example:5432`, a clock's time and a card's address are none. */
export function isIpv6Literal(text: string): boolean {
  const [, inside, outside = ""] = /^(?:\[([^\]]*)\]?(?::\d+)?|([^[\]]*)\]?)$/.exec(text) ?? [];
  try {
    parseIpv6((inside ?? outside).replace(/%.*/, ""));
    return true;
  } catch {
    return false;
  }
}

/** Text without dots is a number to inet_aton(3): `64` of `64:ff9b::1` becomes 0.0.0.64. */
const numberDialled: Rule = (target, run) => {
  const attempt = target.attempts.find(({ address }) => /^0\.\d/.test(address));
  if (attempt === undefined) return undefined;
  const group = attempt.address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
  if (!startsLiteral(String(group), run)) return undefined;
  return {
    cause: "ipv6-literal-misread",
    confidence: "probable",
    words: `It dialled ${attempt.address}, which is the number ${group}: the first group of an IPv6 address that it was given.`,
    ...at(attempt),
  };
};

const literalMisread: Rule = (target, run) => {
  const [lookup] = target.lookups;
  if (lookup === undefined) return undefined;
  const mark = isIpv6Literal(target.what);
  // The group before the first colon, where `host:port` was expected.
  const group = /^\[?([0-9a-f]{1,4})$/.exec(target.what)?.[1];
  const cut = group !== undefined && startsLiteral(group, run);
  if (!mark && !cut) return undefined;
  return {
    cause: "ipv6-literal-misread",
    confidence: mark ? "certain" : "probable",
    words: `It asked the resolver for "${target.what}", which is an IPv6 address${mark ? "" : "'s first group"} and no name.`,
    ...at(lookup),
  };
};

/** Addresses that a record of a public name must not hold, whoever asks (RFC 4291 sections 2.5.2 to 2.5.6). */
const neverRight = /^(::ffff:|::1$|::$|fe[89ab])/;

const impossibleRecord: Rule = (target) => recordLike(target, neverRight);

/** RFC 4291 section 2.5.5.2: no name that a resolver makes up itself (`localhost`) has such an address. */
export function mappedRecord(target: Target): Finding | undefined {
  return recordLike(target, /^::ffff:/);
}

function recordLike(target: Target, pattern: RegExp): Finding | undefined {
  const wrong = answeredAddresses(target).find((address) => pattern.test(address));
  const [lookup] = target.lookups;
  if (lookup === undefined || wrong === undefined) return undefined;
  return {
    cause: "server-record-wrong",
    confidence: "certain",
    words: `The AAAA record of ${target.what} holds ${wrong}, which leads to no other machine.`,
    ...at(lookup),
  };
}

const serverRecord: Rule = (target, { network }) => {
  const attempt = target.attempts.find((each) => each.family === "IPv6" && pathOf(network, each) === "native");
  // With native IPv4 the next candidate would have been there.
  if (target.origin !== "name" || attempt === undefined || network.ipv4 === "native") return undefined;
  return {
    cause: "server-record-wrong",
    // Who refuses may do so by IPv4 too.
    confidence:
      answeredAddresses(target).some((each) => !isIpv6(each)) && !wasRefused(attempt) ? "probable" : "possible",
    words: `${target.what} has an IPv6 address of its own, ${attempt.address}, and nobody serves there: ${ending(attempt)}.`,
    ...at(attempt),
  };
};

function wasRefused({ outcome }: Attempt): boolean {
  return outcome.kind === "failed" && outcome.error === "ECONNREFUSED";
}

const withoutIpv6: Rule = (target, run, targets) => {
  const [lookup] = target.lookups;
  if (lookup === undefined || !askedTypes(target).has("AAAA") || !without4(run)) return undefined;
  const answers = target.lookups.flatMap(({ answer }) => answer ?? []);
  const addresses = answeredAddresses(target);
  // A name server that knows A and fails for AAAA is as one without (RFC 4074, RFC 6147 section 5.1.2).
  const failed = answers.some(({ rcode }) => rcode !== "NOERROR");
  if (answers.length === 0 || addresses.some(isIpv6) || (failed && addresses.length === 0)) return undefined;
  const [cut, silent] = unfinished(target.lookups);
  // What is missing may hold one.
  if (cut) return undefined;
  const whole = !failed && run.activity.unheard === 0;
  const before = targets.slice(0, targets.indexOf(target)).find(({ reached }) => reached);
  return {
    cause: before === undefined ? "server-without-ipv6" : "third-party-without-ipv6",
    confidence: silent ? "possible" : addresses.length > 0 && whole ? "certain" : "probable",
    words: `${silent ? "No answer was seen that held an" : "The resolver knows no"} IPv6 address of ${target.what}${before === undefined ? "" : `; ${before.what} was reached`}.`,
    ...at(lookup),
  };
};

const dnssec: Rule = (target, { askedAgain }) => {
  const lookup = target.lookups.find(({ answer }) => answer !== undefined && bogus.has(answer.rcode));
  // Signatures that do not hold keep every record back.
  if (lookup?.answer === undefined || answeredAddresses(target).length > 0) return undefined;
  const { rcode } = lookup.answer;
  const words = `The resolver answered ${rcode} for ${target.what}`;
  const again = askedAgain.find(({ name }) => name === lookup.name);
  if (rcode === "DNSSECValidationFailed" || again === undefined) {
    const confidence = rcode === "SERVFAIL" ? "possible" : "certain";
    return { cause: "dnssec", confidence, words: `${words}.`, ...at(lookup) };
  }
  const { validated, unvalidated } = again;
  return {
    ...secondOpinion(validated, unvalidated),
    words: `${words}. Asked again afterwards it said ${saying(validated)}, and ${saying(unvalidated)} when it was not to validate.`,
    ...at(lookup),
  };
};

/** What a resolver's SERVFAIL comes to, by what it says later of the same, with validation and without. */
function secondOpinion(validated: string, unvalidated: string): Pick<Finding, "cause" | "confidence"> {
  // It was a failure of that moment.
  if (validated !== "SERVFAIL") return { cause: "name-not-resolved", confidence: "probable" };
  if (unvalidated === "SERVFAIL") return { cause: "name-not-resolved", confidence: "certain" };
  if (unvalidated === "none") return { cause: "name-not-resolved", confidence: "probable" };
  const found = unvalidated === "NOERROR" || unvalidated === "NXDOMAIN";
  return { cause: "dnssec", confidence: found ? "certain" : "possible" };
}

function saying(rcode: string): string {
  return rcode === "none" ? "nothing" : rcode;
}

const bogus = new Set(["SERVFAIL", "DNSSECValidationFailed"]);

const noSuchName: Rule = (target) => {
  const lookup = target.lookups.find(({ answer }) => answer?.rcode === "NXDOMAIN");
  if (lookup === undefined || target.lookups.some(({ answer }) => (answer?.addresses.length ?? 0) > 0))
    return undefined;
  const words = `There is no name ${target.what}, for IPv4 either.`;
  return { cause: "not-for-want-of-ipv4", confidence: "certain", words, ...at(lookup) };
};

/** Both were asked for, and there is neither: a DNS64 would have made an address of the one for IPv4. */
const noAddress: Rule = (target) => {
  const [lookup] = target.lookups;
  const answers = target.lookups.map(({ answer }) => answer);
  const isWhole = answers.every((answer) => answer?.rcode === "NOERROR" && !answer.cut);
  const types = askedTypes(target);
  if (lookup === undefined || !isWhole || !types.has("A") || !types.has("AAAA")) return undefined;
  if (answeredAddresses(target).length > 0) return undefined;
  const words = `The name ${target.what} has no address, for IPv4 either.`;
  return { cause: "not-for-want-of-ipv4", confidence: "certain", words, ...at(lookup) };
};

const refusedByServer: Rule = (target, { network }) => {
  const attempt = target.attempts.find(wasRefused);
  if (attempt === undefined || (attempt.family === "IPv4" && !isLoopback(attempt.address))) return undefined;
  const path = pathOf(network, attempt);
  // By IPv4 somebody may serve, and that was not to be had.
  if (path === "native" && network.ipv4 === "none" && answeredAddresses(target).some((each) => !isIpv6(each)))
    return undefined;
  const way =
    path === "NAT64" ? "over NAT64, so over IPv4," : path === "loopback" ? "on the client itself" : "over IPv6";
  return {
    cause: "not-for-want-of-ipv4",
    confidence: path === "native" ? "possible" : "certain",
    words: `${place(target)} was found ${way} and refused the connection.`,
    ...at(attempt),
  };
};

/** What rests on names that the client's resolver told: another program may have asked for them. */
function ofNames(rule: Rule): Rule {
  return (target, run, targets) => {
    const finding = rule(target, run, targets);
    return finding !== undefined && target.lookups.some(({ overheard }) => overheard)
      ? { ...finding, confidence: "possible" }
      : finding;
  };
}

function at({ process, line }: Pick<Attempt, "process" | "line">): Pick<Finding, "process" | "line"> {
  return { process, line };
}

/** The first that speaks has it: what is certain to be wrong with the program stands before what may be. */
export const targetRules: readonly Rule[] = [
  ofNames(literalMisread),
  numberDialled,
  ipv4Socket,
  ipv4Literal,
  ofNames(noSuchName),
  ofNames(noAddress),
  ofNames(dnssec),
  ofNames(impossibleRecord),
  ofNames(aOnly),
  ofNames(withoutIpv6),
  loopback,
  ofNames(firstCandidateOnly),
  attemptDelay,
  refusedByServer,
  ofNames(serverRecord),
];
