/** A check is a row: a sentence, what decides whether it is true, and what to do when it is not. */
import type { CheckResult } from "../report";

export type Verdict = Pick<CheckResult, "status" | "evidence"> & {
  /** In the place of the row's own, where what was seen leads closer to the cause. */
  readonly remedy?: string;
};

export interface Check<Seen> {
  /** True when the check passes. */
  readonly title: string | ((seen: Seen) => string);
  readonly judge: (seen: Seen) => Verdict;
  readonly remedy: (seen: Seen) => string;
}

export function results<Seen>(machine: string, checks: readonly Check<Seen>[], seen: Seen): CheckResult[] {
  return checks
    .map(({ title, judge, remedy }) => {
      const verdict = judge(seen);
      const check = typeof title === "string" ? title : title(seen);
      return { machine, check, remedy: remedy(seen), ...verdict };
    })
    .map(withoutNeedlessRemedy);
}

function withoutNeedlessRemedy({ remedy, ...result }: CheckResult): CheckResult {
  return result.status === "fail" && remedy !== undefined ? { ...result, remedy } : result;
}

export function pass(evidence: string): Verdict {
  return { status: "pass", evidence };
}

/** It cannot be told here; the evidence is the reason, and was itself looked at. */
export function skip(evidence: string): Verdict {
  return { status: "skipped", evidence };
}

export function fail(evidence: string, remedy?: string): Verdict {
  return { status: "fail", evidence, ...(remedy === undefined ? {} : { remedy }) };
}

export function judge(passed: boolean, evidence: string, remedy?: string): Verdict {
  return passed ? pass(evidence) : fail(evidence, remedy);
}

export function listed(items: readonly string[], none: string): string {
  return items.length === 0 ? none : items.join(", ");
}
