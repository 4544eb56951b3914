/** Reading a configuration: every problem at once, or a configuration that `planLab` can rely on. */
import { ConfigError } from "./problem";
import { configSchema, type LabConfig } from "./schema";

export { ConfigError, type ConfigProblem } from "./problem";
export type { LabConfig } from "./schema";

/** @throws ConfigError that lists every problem. */
export function parseConfig(raw: Readonly<Record<string, unknown>>): LabConfig {
  const result = configSchema.safeParse(raw);
  if (!result.success)
    throw new ConfigError(
      result.error.issues.map((i) => ({ key: i.path.join("."), value: "", why: i.message, remedy: "See docs." })),
    );
  return result.data;
}
