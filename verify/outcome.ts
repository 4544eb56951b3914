/** What a report comes to as a whole, and the exit code of it. */
import type { Report } from "./report";

export type ReportOutcome = "as expected" | "not as expected" | "nothing told" | "warnings";

export const exitCodes: Readonly<Record<ReportOutcome, number>> = {
  "as expected": 0,
  "not as expected": 1,
  "nothing told": 2,
  warnings: 3,
};

/** A lab of which nothing was seen is neither right nor wrong. */
export function outcomeOf({ results }: Report): ReportOutcome {
  const told = results.filter(({ status, unasked }) => status !== "skipped" && unasked !== true);
  if (told.length === 0) return "nothing told";
  const has = (status: string): boolean => results.some((each) => each.status === status);
  if (has("fail")) return "not as expected";
  return has("warning") ? "warnings" : "as expected";
}
