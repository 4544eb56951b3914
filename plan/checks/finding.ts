/** What a check finds: an error stops the program, a warning is shown beside a plan that works. */
import type { ConfigProblem } from "../problem";
import type { LabConfig } from "../schema";

export interface Finding extends ConfigProblem {
  readonly severity: "error" | "warning";
}

/** One question about keys that only make sense together. */
export interface Check {
  /** The sections it reads: it is skipped while one of them is wrong by itself. */
  readonly reads: readonly (keyof LabConfig)[];
  readonly find: (config: LabConfig) => readonly Finding[];
}

export function error(key: string, value: unknown, why: string, remedy: string): Finding {
  return { severity: "error", key, value: shown(value), why, remedy };
}

export function warning(key: string, value: unknown, why: string, remedy: string): Finding {
  return { severity: "warning", key, value: shown(value), why, remedy };
}

function shown(value: unknown): string {
  if (value === undefined) return "";
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** `finding` when the condition holds: reads as a list of rules. */
export function when(condition: boolean, finding: () => Finding): readonly Finding[] {
  return condition ? [finding()] : [];
}
