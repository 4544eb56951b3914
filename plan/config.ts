/** Reading a configuration: every problem at once, or a configuration that `planLab` can rely on. */
import type { z } from "zod";
import { contradictions, warnings } from "./checks";
import { inherited } from "./inherited";
import { problemsFromIssues } from "./issues";
import { ConfigError, type ConfigProblem } from "./problem";
import { configSchema, type LabConfig } from "./schema";

export { ConfigError, type ConfigProblem } from "./problem";
export type { LabConfig } from "./schema";

/** A configuration that works. */
export interface CheckedConfig extends LabConfig {
  /** What deserves a word all the same. */
  readonly warnings: readonly ConfigProblem[];
}

/**
 * The configuration in `raw` (keys without the `ipv6-only-lab:` in front), with its defaults filled in.
 * @throws ConfigError that lists every problem.
 */
export function parseConfig(raw: Readonly<Record<string, unknown>>): CheckedConfig {
  // Once as it is written, so that a problem is told where it stands, and then with what the networks inherit.
  const written = configSchema.safeParse(raw);
  const result = written.success ? configSchema.safeParse(inherited(raw)) : written;
  const problems = result.success
    ? contradictions(result.data, raw)
    : [...problemsFromIssues(result.error.issues, raw), ...contradictionsElsewhere(raw, result.error.issues)];
  if (!result.success || problems.length > 0) throw new ConfigError(problems);
  return { ...result.data, warnings: warnings(result.data, raw) };
}

/** What is wrong between the sections that are right by themselves. */
function contradictionsElsewhere(
  raw: Readonly<Record<string, unknown>>,
  issues: readonly z.core.$ZodIssue[],
): readonly ConfigProblem[] {
  const broken = new Set(issues.map(({ path }) => String(path[0])));
  const intact = Object.fromEntries(
    Object.entries(raw).filter(([section]) => section in configSchema.shape && !broken.has(section)),
  );
  return contradictions(configSchema.parse(intact), raw, broken);
}
