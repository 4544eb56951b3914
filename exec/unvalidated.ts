/**
 * A resolver says SERVFAIL when signatures do not hold, and when it found no answer at all. Asked not to validate (CD, RFC 4035
 * section 3.2.2) it tells which it was.
 */
import type { SshConnection } from "../ssh";
import { shellQuote } from "../ssh/shell";
import type { Lookup } from "./activity";

export interface Question {
  readonly name: string;
  readonly type: string;
}

export interface Unvalidated extends Question {
  /** Undefined: no answer came. */
  readonly rcode: string | undefined;
}

/** Names that are asked for again: one that does not resolve mostly ends a program. */
const mostNames = 3;
/** Seconds that the resolver has for each, while it asks servers that do not answer. */
const patience = 5;

/** What was met with SERVFAIL and with nothing else. */
export function failedQuestions(lookups: readonly Lookup[]): Question[] {
  const questions = lookups
    .filter(({ answer }) => answer?.rcode === "SERVFAIL")
    .flatMap(({ name, types }) => types.map((type) => ({ name, type })))
    .filter(({ type }) => type === "AAAA" || type === "A");
  const names = [...new Set(questions.map(({ name }) => name))]
    .filter((name) => lookups.every((each) => each.name !== name || (each.answer?.addresses.length ?? 0) === 0))
    .slice(0, mostNames);
  return names.flatMap((name) => questions.find((each) => each.name === name) ?? []);
}

/** @param resolver the network's own, by its address: the client's would answer from its memory. */
export async function askUnvalidated(
  client: Pick<SshConnection, "exec">,
  resolver: string,
  questions: readonly Question[],
  signal: AbortSignal,
): Promise<Unvalidated[]> {
  const commands = questions.map(
    ({ name, type }) =>
      `dig +cd +noall +comments +time=${patience} +tries=1 ${shellQuote(`@${resolver}`)} -q ${shellQuote(name)} -t ${type}; echo end`,
  );
  const limit = questions.length * (patience + 5);
  const { stdout } = await client.exec(commands.join("\n"), { signal, timeout: limit });
  const answers = stdout.split(/^end$/m);
  return questions.map((question, index) => ({
    ...question,
    rcode: /^;; ->>HEADER<<-.* status: (\w+)/m.exec(answers[index] ?? "")?.[1],
  }));
}
