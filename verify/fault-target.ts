/** The other end of a faulty way: an address, a prefix, or a name that the gateway's resolver knows. */
import { UserError } from "../host/messages";
import { AddressError, formatIpv6, formatPrefix, parseIpv4Prefix, parseIpv6, parseIpv6Prefix } from "../plan/prefix";
import { everywhere, type Target } from "../services/path-faults";
import { shellQuote } from "../ssh/shell";
import { gatewayAddresses, type LabAccess } from "./access";
import { isAddress, isAddressInPrefix, isIpv4Address } from "./addresses";
import type { Asked } from "./facts";

/**
 * @param promised says where a resolver of the lab's listens: none of them need do so on loopback.
 * @throws UserError for what is none of them, or has no address, or when the resolver does not answer.
 */
export async function targetOf(
  words: string,
  { nat64, networks }: Pick<LabAccess["promised"], "nat64" | "networks">,
  { connection, signal }: Asked,
): Promise<Target> {
  const literal = literalTarget(words);
  if (literal !== undefined) return literal;
  if (!isName(words)) {
    throw new UserError(`--to ${words}: it takes an address, a prefix or a name, e.g. dualstack.test.`);
  }
  const [resolver = ""] = networks.flatMap(gatewayAddresses);
  const question = `dig +short +time=5 +tries=1 @${resolver} ${shellQuote(words)} A ${shellQuote(words)} AAAA`;
  const { stdout, stderr, code } = await connection.exec(question, { signal, timeout: 60 });
  if (code !== 0) {
    const why = (stdout.split("\n").find((line) => line.startsWith(";;")) ?? stderr).replace(/^;+ */, "").trim();
    throw new UserError(`--to ${words}: the gateway's resolver at ${resolver} could not be asked: ${why}`);
  }
  const target = answeredTarget(words, stdout, nat64.prefix);
  if (target.ipv4.length + target.ipv6.length === 0) {
    throw new UserError(`--to ${words}: the gateway's resolver knows no address of that name.`);
  }
  return target;
}

/**
 * What a fault of answers is of: a name and what is below it, whoever knows it.
 * @throws UserError for what is no name.
 */
export function questionTarget(words: string): Target {
  if (!isName(words) || literalTarget(words) !== undefined || words.toLowerCase() === everywhere) {
    throw new UserError(`--to ${words}: answers are of names; it takes one, e.g. dualstack.test, or api.example.`);
  }
  return { name: words.toLowerCase().replace(/\.$/, ""), ipv6: [], ipv4: [] };
}

/** RFC 1123 section 2.1, and as names of services have it (RFC 2782). It also becomes part of a comment of nft's. */
function isName(words: string): boolean {
  return /^[a-z0-9_]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9_]([a-z0-9-]*[a-z0-9])?)*\.?$/i.test(words) && words.length <= 63;
}

/** @param answer addresses and names that lead to them, a line each. Synthesized addresses are IPv4's. */
export function answeredTarget(name: string, answer: string, nat64Prefix: string): Target {
  const lines = answer.split("\n").map((line) => line.trim());
  return {
    name,
    ipv4: lines.filter(isIpv4Address),
    ipv6: lines.filter((line) => isAddress(line) && !isAddressInPrefix(line, nat64Prefix)),
  };
}

/** Undefined: it is a name. */
function literalTarget(words: string): Target | undefined {
  try {
    if (words.includes(":")) {
      const text = words.includes("/") ? formatPrefix(parseIpv6Prefix(words)) : formatIpv6(parseIpv6(words));
      return { name: text, ipv6: [text], ipv4: [] };
    }
    if (/^[\d./]+$/.test(words)) return { name: words, ipv6: [], ipv4: [formatPrefix(parseIpv4Prefix(words))] };
  } catch (error) {
    if (error instanceof AddressError) throw new UserError(`--to ${words}: it ${error.why} ${error.remedy}.`);
    throw error;
  }
  return undefined;
}
