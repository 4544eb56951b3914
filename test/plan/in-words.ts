import { contradictions } from "../../plan/checks";
import { inherited } from "../../plan/inherited";
import { ConfigError, formatProblem, type ConfigProblem } from "../../plan/problem";
import { configSchema } from "../../plan/schema";
import { planOf } from "../fixtures/plan";

type Raw = Readonly<Record<string, unknown>>;

/** What a configuration is refused for. */
export function problemsOf(raw: Raw): readonly ConfigProblem[] {
  try {
    planOf(raw);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

/**
 * Problems to the letter, as their reader has them. Behind a contradiction stand the sections that it reads: while one of
 * them is wrong by itself, the contradiction is not told.
 */
export function inWords(problems: readonly ConfigProblem[], raw: Raw): string {
  const form = configSchema.safeParse(inherited(raw));
  const read = Object.keys(configSchema.shape).filter(
    (section) =>
      form.success &&
      contradictions(form.data, raw).length > 0 &&
      contradictions(form.data, raw, new Set([section])).length === 0,
  );
  return [...problems.map(formatProblem), ...(read.length > 0 ? [`    (reads ${read.join(", ")})`] : [])].join("\n");
}
