/** The order in which the rules speak of a target that was not reached. */
import { containerWithoutIpv6 } from "./container-rules";
import {
  attemptDelay,
  firstCandidateOnly,
  ipv4Literal,
  ipv4Multicast,
  ipv4Socket,
  loopback,
  numberDialled,
  refusedByServer,
  serverRecord,
} from "./dialling-rules";
import { aOnly, dnssec, impossibleRecord, literalMisread, noAddress, noSuchName, withoutIpv6 } from "./name-rules";
import type { Rule } from "./rule";

/** What rests on names that the client's resolver told: another program may have asked for them. */
function ofNames(rule: Rule): Rule {
  return (target, run, targets) => {
    const finding = rule(target, run, targets);
    return finding !== undefined && target.lookups.some(({ overheard }) => overheard)
      ? { ...finding, confidence: "possible" }
      : finding;
  };
}

/** The first that speaks has it: what is certain to be wrong with the program stands before what may be. */
export const targetRules: readonly Rule[] = [
  ofNames(literalMisread),
  numberDialled,
  ipv4Socket,
  ipv4Multicast,
  containerWithoutIpv6,
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
