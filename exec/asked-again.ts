/**
 * A resolver says SERVFAIL when signatures do not hold, and when it found no answer at all. Asked the same again, and then not
 * to validate (CD, RFC 4035 section 3.2.2), it tells which it was.
 */
import type { SshConnection } from "../ssh";
import { shellQuote } from "../ssh/shell";
import type { Lookup } from "./activity";

export interface Question {
  readonly name: string;
  readonly type: string;
}

/** Response codes; `none`: no answer came. */
export interface AskedAgain extends Question {
  readonly validated: string;
  readonly unvalidated: string;
}

/** Names that are asked for again: one that does not resolve mostly ends a program. */
const mostNames = 3;
/** Seconds that the resolver has for each answer, while it asks servers that do not answer. */
const patience = 5;
/** Of dig(1), when nobody answered. */
const noReply = 9;

/**
 * What was met with SERVFAIL and with nothing else, by the network's resolvers.
 * @param resolvers their addresses, and those that the client has in its resolv.conf(5).
 */
export function failedQuestions(lookups: readonly Lookup[], resolvers: readonly string[]): Question[] {
  const questions = lookups
    .filter(({ answer }) => answer?.rcode === "SERVFAIL")
    // A program may have a resolver of its own.
    .filter(({ server }) => server === "systemd-resolved" || resolvers.includes(server))
    .flatMap(({ name, types }) => types.map((type) => ({ name, type })))
    // A single label is completed by the search domains, in ways that nobody here sees.
    .filter(({ name, type }) => (type === "AAAA" || type === "A") && name.replace(/\.$/, "").includes("."));
  const names = [...new Set(questions.map(({ name }) => name))]
    .filter((name) => lookups.every((each) => each.name !== name || (each.answer?.addresses.length ?? 0) === 0))
    .slice(0, mostNames);
  return names.flatMap((name) => questions.find((each) => each.name === name) ?? []);
}

/**
 * @param resolver the network's own, by its address: the client's would answer from its memory.
 * @returns without what could not be asked.
 */
export async function askAgain(
  client: Pick<SshConnection, "exec">,
  resolver: string,
  questions: readonly Question[],
  signal: AbortSignal,
): Promise<AskedAgain[]> {
  const commands = questions.flatMap(({ name, type }) =>
    ["+nocd", "+cd"].map(
      (validation) =>
        `dig ${validation} +noall +comments +time=${patience} +tries=1 ${shellQuote(`@${resolver}`)} -q ${shellQuote(name)} -t ${type}; echo end $?`,
    ),
  );
  const limit = commands.length * (patience + 5);
  const { stdout } = await client.exec(commands.join("\n"), { signal, timeout: limit });
  const said = [...stdout.matchAll(/([^]*?)^end (\d+)$/gm)].map(([, text = "", code]) => answerOf(text, Number(code)));
  return questions.flatMap((question, index) => {
    const [validated, unvalidated] = said.slice(2 * index, 2 * index + 2);
    return validated === undefined || unvalidated === undefined ? [] : [{ ...question, validated, unvalidated }];
  });
}

/** Undefined: nobody was asked. */
function answerOf(text: string, code: number): string | undefined {
  if (code === noReply) return "none";
  return code === 0 ? /^;; ->>HEADER<<-.* status: (\w+)/m.exec(text)?.[1] : undefined;
}
