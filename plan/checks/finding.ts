/** What a check finds: an error stops the program, a warning is shown beside a plan that works. */
import type { ConfigProblem } from "../problem";
import type { LabConfig } from "../schema";

export interface Finding extends Omit<ConfigProblem, "value"> {
  readonly severity: "error" | "warning";
  /** Shown in the place of what stands at the key. */
  readonly value: string | undefined;
}

/** One question about keys that only make sense together. */
export interface Check {
  /** The sections it reads: it is skipped while one of them is wrong by itself. */
  readonly reads: readonly (keyof LabConfig)[];
  readonly find: (config: LabConfig, raw: RawConfig) => Iterable<Finding>;
}

/** The configuration as it was written: nothing has defaults, and no network has inherited anything. */
export type RawConfig = Readonly<Record<string, unknown>>;

export function check(reads: Check["reads"], find: Check["find"]): Check {
  return { reads, find };
}

export function error(key: string, why: string, remedy: string, value?: string): Finding {
  return { severity: "error", key, value, why, remedy };
}

export function warning(key: string, why: string, remedy: string, value?: string): Finding {
  return { severity: "warning", key, value, why, remedy };
}
