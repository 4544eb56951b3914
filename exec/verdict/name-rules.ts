/** What lookups tell of a target that was not reached: one rule a cause. */
import { answeredAddresses, askedTypes, isIpv6, isLoopback4, type Target } from "../targets";
import type { Finding } from "./causes";
import {
  at,
  isContainer,
  isIpv6Literal,
  neverRight,
  type Rule,
  startsLiteral,
  unfinished,
  wasRefused,
  without4,
} from "./rule";
import { ending } from "./words";

export const aOnly: Rule = (target, run, targets) => {
  const [lookup] = target.lookups;
  const types = askedTypes(target);
  if (lookup === undefined || !types.has("A") || types.has("AAAA") || !without4(run)) return undefined;
  const answers = target.lookups.flatMap(({ answer }) => (answer?.rcode === "NOERROR" ? answer : []));
  // Without an answer it is the resolver that it failed of.
  if (answers.length === 0 || answers.every(({ addresses }) => addresses.some(isLoopback4))) return undefined;
  const wasIdle = target.attempts.length === 0 && targets.some(({ reached }) => reached);
  // It is not the family that this failed of.
  if (target.attempts.some((attempt) => wasRefused(attempt) || isContainer(attempt, run))) return undefined;
  const tried = target.attempts.map((attempt) => `${attempt.address}: ${ending(attempt)}`).join("; ");
  return {
    cause: "a-only",
    // Who speaks to others may not have wanted more than its address; what nobody heard may have been the other question.
    confidence: wasIdle ? "possible" : run.activity.unheard > 0 ? "probable" : "certain",
    words: `It asked for A of ${target.what} and never for AAAA${tried === "" ? ", and then dialled nothing" : `. It dialled ${tried}`}.`,
    ...at(lookup),
  };
};

export const literalMisread: Rule = (target, run) => {
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
    words: `It asked the resolver for "${target.what}", which is ${mark ? "an IPv6 address" : "the first group of an IPv6 address that it was given or told"} and no name.`,
    ...at(lookup),
  };
};

export const impossibleRecord: Rule = (target) => recordLike(target, neverRight);

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

export const withoutIpv6: Rule = (target, run, targets) => {
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

export const dnssec: Rule = (target, { askedAgain }) => {
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

export const noSuchName: Rule = (target) => {
  const lookup = target.lookups.find(({ answer }) => answer?.rcode === "NXDOMAIN");
  if (lookup === undefined || target.lookups.some(({ answer }) => (answer?.addresses.length ?? 0) > 0))
    return undefined;
  const words = `There is no name ${target.what}, for IPv4 either.`;
  return { cause: "not-for-want-of-ipv4", confidence: "certain", words, ...at(lookup) };
};

/** Both were asked for, and there is neither: a DNS64 would have made an address of the one for IPv4. */
export const noAddress: Rule = (target) => {
  const [lookup] = target.lookups;
  const answers = target.lookups.map(({ answer }) => answer);
  const isWhole = answers.every((answer) => answer?.rcode === "NOERROR" && !answer.cut);
  const types = askedTypes(target);
  if (lookup === undefined || !isWhole || !types.has("A") || !types.has("AAAA")) return undefined;
  if (answeredAddresses(target).length > 0) return undefined;
  const words = `The name ${target.what} has no address, for IPv4 either.`;
  return { cause: "not-for-want-of-ipv4", confidence: "certain", words, ...at(lookup) };
};
