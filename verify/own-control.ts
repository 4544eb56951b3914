/** What a check that must fail is held against: where the network's resolver tells nothing, everything fails. */
import { isIP } from "node:net";
import { messageOf } from "../host/messages";
import { gatewayAddresses, type LabAccess, type PromisedNetwork } from "./access";
import { type Asked, listen } from "./facts";
import { addressQuestions, type Heard, resolverOf } from "./questions";
import type { RecordType } from "../plan/dns-parameters";
import { isTold } from "./wire/dns";

interface Question {
  readonly host: string;
  readonly types: readonly RecordType[];
}

/**
 * What the resolver is asked for. Whom a command needs nobody knows: a name of which every resolver of a lab tells
 * something, whatever lies behind it (RFC 8880 section 7.2). Undefined: a URL with an address needs none.
 */
export function questionOf({ tries }: Pick<LabAccess["promised"]["checks"][number], "tries">): Question | undefined {
  if (tries.kind === "command") return { host: "ipv4only.arpa", types: ["AAAA"] };
  const host = new URL(tries.url).hostname.replace(/^\[(.*)\]$/, "$1");
  return isIP(host) === 0 ? { host, types: ["A", "AAAA"] } : undefined;
}

/** Why nothing is proved by a failure where this is all that was heard; undefined: something was told of the name. */
function whyNothing(network: PromisedNetwork, { host, types }: Question, heard: Heard): string | undefined {
  const answers = types.map((type) => ({ type, answer: heard.dns(`host-${type.toLowerCase()}`) }));
  if (answers.some(({ answer }) => answer !== undefined && isTold(answer))) return undefined;
  const resolver = `the resolver ${gatewayAddresses(network)[0] ?? ""}`;
  if (answers.every(({ answer }) => answer === undefined)) return `${resolver} did not answer`;
  const said = answers.map(
    ({ type, answer }) => `${type}: ${answer === undefined ? "no answer" : `RCODE ${answer.rcode}`}`,
  );
  return `${resolver} told nothing of ${host} (${said.join(", ")})`;
}

/** Asks the network's own resolver, and no cache, from the client. @returns as `whyNothing`. */
export async function doubtOf(
  client: Asked,
  network: PromisedNetwork,
  check: Parameters<typeof questionOf>[0],
): Promise<string | undefined> {
  const question = questionOf(check);
  if (question === undefined) return undefined;
  try {
    const heard = await listen(client, addressQuestions(resolverOf(network), question.host, question.types));
    return whyNothing(network, question, heard);
  } catch (error) {
    client.signal.throwIfAborted();
    return `whether the resolver answers is not known: ${messageOf(error)}`;
  }
}
