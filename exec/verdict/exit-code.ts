/** Verdicts as an exit code, for CI: those of `verify`, and one for what works and still deserves a word. */
import type { Verdict } from ".";

export const exitCodes = { works: 0, fails: 1, untold: 2, remarks: 3 } as const;

/**
 * Of runs on several networks, one that fails is a failure whatever the others could not tell.
 * @param verdicts none: nothing was told.
 */
export function exitCodeOf(verdicts: readonly Verdict[]): number {
  const kinds = verdicts.map(({ kind }) => kind);
  if (kinds.includes("cause")) return exitCodes.fails;
  if (kinds.length === 0 || kinds.some((kind) => kind !== "works")) return exitCodes.untold;
  // What would end the same way with IPv4 is no warning.
  const warnings = verdicts.flatMap((each) => (each.kind === "works" ? each.remarks : []));
  return warnings.some(({ cause }) => cause !== "not-for-want-of-ipv4") ? exitCodes.remarks : exitCodes.works;
}
