/** What containers tell: programs in a network namespace of their own, which may have less than the client has. */
import { traits } from "../../plan/scenario";
import type { Attempt } from "../activity";
import type { Run } from "../run";
import { isLoopback, socketText, type Target } from "../targets";
import type { Finding } from "./causes";
import { at, isContainer, noWay, wasRefused } from "./rule";
import { ending } from "./words";

/**
 * A target that nobody wanted but programs in one such namespace, where IPv6 leads nowhere, while the client has it. With the
 * usual settings containers get IPv4 alone, and then their programs, and the resolvers that they are given, know nothing else.
 */
export function containerWithoutIpv6(target: Target, run: Run): Finding | undefined {
  const { activity, processes, client, network } = run;
  // Docker's daemon looks names up for containers.
  const own = [...target.lookups, ...target.attempts].filter(({ process }) => !processes.isDaemon(process));
  const [first] = own;
  if (first?.namespace === undefined || !own.every(({ namespace }) => namespace === first.namespace)) return undefined;
  // A literal is one wherever it is dialled; a resolver's address somebody has given to the container.
  const isLiteral = target.origin !== "name" && target.port !== 53;
  if (isLiteral || !traits[network.scenario].ipv6 || isElsewhere(target, run)) return undefined;
  const inside = activity.attempts.filter(
    ({ namespace, address }) => namespace === first.namespace && !isLoopback(address) && !onlyOnLink.test(address),
  );
  const sixes = inside.filter(({ family }) => family === "IPv6");
  // Where nothing was sent there may be a way all the same: libraries look at the source address so.
  const [byIpv6, ...more] = sixes.filter(({ outcome }) => outcome.kind !== "unused");
  const cause = "container-without-ipv6";
  if (byIpv6 !== undefined) {
    if ([byIpv6, ...more].some(wasAnswered)) return undefined;
    const nowhere = sixes.every(hasNoWay);
    const words = nowhere
      ? `${where} that has no way by IPv6: it dialled ${socketText(byIpv6)} (${ending(byIpv6)}), to which ${client} itself has one.`
      : `${where} from which nobody answered by IPv6: it dialled ${socketText(byIpv6)} (${ending(byIpv6)}). An address that only its machine knows (fd00::/8) has to be masqueraded there.`;
    return { cause, confidence: nowhere ? "certain" : "possible", words, ...at(byIpv6) };
  }
  const given = new Set(activity.givenAddresses.map(({ family }) => family));
  const byIpv4 = inside.filter(({ family }) => family === "IPv4");
  if (byIpv4.length === 0 || sixes.length > 0 || given.has("IPv6")) return undefined;
  const asked = [...new Set(byIpv4.map(({ address }) => address))].join(", ");
  const words = `${where} ${given.has("IPv4") ? "that was given IPv4 addresses and none of IPv6" : "of which nobody saw an IPv6 address"}: it spoke to ${asked} by IPv4, and to nobody by IPv6.`;
  return { cause, confidence: given.has("IPv4") ? "certain" : "possible", words, ...at(first) };
}

/** Link-local and multicast addresses (RFC 4291 section 2.4): they lead nowhere else. */
const onlyOnLink = /^(fe[89ab]|ff)[0-9a-f]{2}:/i;

/** What failed is something else than a way: there is no such name, or whoever is there refused, or is another container. */
function isElsewhere({ attempts, lookups }: Target, run: Run): boolean {
  const answers = lookups.flatMap(({ answer }) => answer ?? []);
  return (
    (answers.length > 0 && answers.every(({ addresses }) => addresses.length === 0)) ||
    attempts.some((attempt) => wasAnswered(attempt) || isContainer(attempt, run))
  );
}

const where = "It ran in a network of its own, as containers do,";

/** By whoever is there, and be it a refusal. */
function wasAnswered(attempt: Attempt): boolean {
  return attempt.outcome.kind === "connected" || wasRefused(attempt);
}

function hasNoWay({ outcome }: Attempt): boolean {
  return outcome.kind === "failed" && noWay.has(outcome.error);
}
