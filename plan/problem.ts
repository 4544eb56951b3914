/** What is wrong with a configuration, told to the person who wrote it. */
export interface ConfigProblem {
  /** Path of the key below `ipv6-only-lab:`, e.g. `lan.prefix` or `clients[2].name`. */
  readonly key: string;
  /** The value as written, shortened; empty when the key is missing. */
  readonly value: string;
  /** Why it cannot work. */
  readonly why: string;
  /** What to write instead. */
  readonly remedy: string;
}

/** Thrown with every problem of a configuration at once, so that one correction round is enough. */
export class ConfigError extends Error {
  constructor(readonly problems: readonly ConfigProblem[]) {
    super(formatProblems(problems));
    this.name = "ConfigError";
  }
}

function formatProblems(problems: readonly ConfigProblem[]): string {
  const count = problems.length === 1 ? "one problem" : `${problems.length} problems`;
  return [`The configuration has ${count}.`, ...problems.map(formatProblem)].join("\n\n");
}

/** A problem or warning as three short lines: key and value, why, remedy. */
export function formatProblem({ key, value, why, remedy }: ConfigProblem): string {
  return [`  ${key}${value === "" ? "" : `: ${value}`}`, `    ${why}`, `    → ${remedy}`].join("\n");
}

const longestShownValue = 80;

/** Any configured value as one short line. A private key pasted by mistake is never repeated. */
export function showValue(value: unknown): string {
  if (value === undefined) return "";
  const text = typeof value === "string" ? value : JSON.stringify(value);
  if (text.includes("PRIVATE KEY")) return "(a private key)";
  const line = text.replaceAll(/\s+/g, " ");
  return line.length > longestShownValue ? `${line.slice(0, longestShownValue)}…` : line;
}
