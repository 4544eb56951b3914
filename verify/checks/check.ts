/** A check is a row: a sentence, what decides whether it is true, and what to do when it is not. */
import type { CheckResult } from "../report";
import { type Evidence, putBack } from "./evidence";

export type Verdict = Pick<CheckResult, "status" | "evidence"> & {
  /** In the place of the row's own, where what was seen leads closer to the cause. */
  readonly remedy?: string;
};

export interface Check<Seen extends Evidence> {
  /** Where it says something; left out: everywhere. */
  readonly where?: (seen: Seen) => boolean;
  /** True when the check passes. */
  readonly title: string | ((seen: Seen) => string);
  readonly judge: (seen: Seen) => Verdict;
  /** Left out: the gateway's files and services are put back. */
  readonly remedy?: (seen: Seen) => string;
}

export function results<Seen extends Evidence>(
  machine: string,
  checks: readonly Check<Seen>[],
  seen: Seen,
): CheckResult[] {
  const fitting = checks.filter(({ where }) => where === undefined || where(seen));
  return fitting.map(({ title, judge, remedy = putBack }) => {
    const verdict = judge(seen);
    const check = typeof title === "string" ? title : title(seen);
    const odd = verdict.status === "fail" || verdict.status === "warning";
    const toDo = odd ? { remedy: verdict.remedy ?? remedy(seen) } : {};
    return { machine, check, ...verdict, ...toDo };
  });
}

export function pass(evidence: string): Verdict {
  return { status: "pass", evidence };
}

/** It cannot be told here; the evidence is the reason, and was itself looked at. */
export function skip(evidence: string): Verdict {
  return { status: "skipped", evidence };
}

/** It cannot be told as the lab is configured, and could be: the evidence says why, the remedy what to write. */
export function warn(evidence: string, remedy: string): Verdict {
  return { status: "warning", evidence, remedy };
}

export function fail(evidence: string, remedy?: string): Verdict {
  return { status: "fail", evidence, ...(remedy === undefined ? {} : { remedy }) };
}

/** Passes where nothing is wrong. */
export function noneOf(wrong: readonly string[], evidence: string, failure = wrong.join(", ")): Verdict {
  return wrong.length === 0 ? pass(evidence) : fail(failure);
}

export function judge(passed: boolean, evidence: string, remedy?: string): Verdict {
  return passed ? pass(evidence) : fail(evidence, remedy);
}

/** Everything once. */
export function distinct(items: readonly string[]): string {
  return [...new Set(items)].join(", ");
}

export function listed(items: readonly string[], none: string): string {
  return items.length === 0 ? none : items.join(", ");
}
