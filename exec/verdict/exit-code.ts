/** Verdicts as an exit code, for CI: those of `verify`, where what works and still deserves a word is a warning. */
import { exitCodes } from "../../verify/outcome";
import type { Verdict } from ".";

/**
 * Of runs on several networks, one that fails is a failure whatever the others could not tell.
 * @param verdicts none: nothing was told.
 */
export function exitCodeOf(verdicts: readonly Verdict[]): number {
  const kinds = verdicts.map(({ kind }) => kind);
  if (kinds.includes("cause")) return exitCodes["not as expected"];
  if (kinds.length === 0 || kinds.some((kind) => kind !== "works")) return exitCodes["nothing told"];
  // What would end the same way with IPv4 is no warning.
  const warnings = verdicts.flatMap((each) => (each.kind === "works" ? each.remarks : []));
  return warnings.some(({ cause }) => cause !== "not-for-want-of-ipv4") ? exitCodes.warnings : exitCodes["as expected"];
}
