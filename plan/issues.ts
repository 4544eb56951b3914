/** Turns zod's issues into problems that say what was written, why it cannot work and what to write instead. */
import type { z } from "zod";
import { configKeys, namesAt } from "./keys";
import { nearest } from "./nearest";
import { showValue, type ConfigProblem } from "./problem";

type Issue = z.core.$ZodIssue;
type Path = readonly PropertyKey[];
type Explanation = Pick<ConfigProblem, "why" | "remedy">;

/** One problem for each wrong value or unknown key in `raw`, whose issues these are. */
export function problemsFromIssues(issues: readonly Issue[], raw: unknown): readonly ConfigProblem[] {
  return issues.flatMap((issue) => problemsFromIssue(issue, [], raw));
}

function problemsFromIssue(issue: Issue, above: Path, raw: unknown): readonly ConfigProblem[] {
  const path = [...above, ...issue.path];
  const value = valueAt(raw, path);
  switch (issue.code) {
    case "unrecognized_keys":
      return issue.keys.map((key) => problem([...path, key], valueAt(value, [key]), unknownKey(path, key)));
    case "invalid_union": {
      const kinds = unionKinds(issue);
      if (kinds.length > 0) return [problem(path, value, wrongChoice(kinds, value))];
      const branch = intendedBranch(issue.errors);
      if (branch !== undefined) return branch.flatMap((inner) => problemsFromIssue(inner, path, raw));
      return [problem(path, value, noBranch(issue.errors, value))];
    }
    default:
      return [problem(path, value, explain(issue, value))];
  }
}

function unknownKey(section: Path, key: string): Explanation {
  const known = namesAt(section);
  const guess = nearest(key, known);
  const elsewhere = configKeys().flatMap(({ path }) => (path.endsWith(`.${key}`) ? [path] : []));
  const meant = guess === undefined ? elsewhere : [formatPath([...section, guess])];
  return {
    why: "is not a known key.",
    remedy: meant.length > 0 ? `Did you mean ${meant.join(" or ")}?` : `Remove it. Known here: ${known.join(", ")}`,
  };
}

function problem(path: Path, value: unknown, explanation: Explanation): ConfigProblem {
  return { key: formatPath(path), value: showValue(value), ...explanation };
}

/** `clients[2].name` */
function formatPath(path: Path): string {
  return path
    .map((part, index) => (typeof part === "number" ? `[${part}]` : `${index === 0 ? "" : "."}${String(part)}`))
    .join("");
}

function valueAt(raw: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (value, part) => (typeof value === "object" && value !== null ? Reflect.get(value, part) : undefined),
    raw,
  );
}

/** What stands at a key like `clients[2].name`. */
export function valueAtKey(raw: unknown, key: string): unknown {
  return valueAt(
    raw,
    key.split(/[.[\]]+/).filter((part) => part !== ""),
  );
}

/** The names of the arms, when a key chooses the arm and its value is none of them. */
function unionKinds(issue: z.core.$ZodIssueInvalidUnion): readonly string[] {
  return "options" in issue ? (issue.options ?? []).filter((kind) => typeof kind === "string") : [];
}

/** The arm of a union that the writer meant: the one whose type fits, so that only something inside it is wrong. */
function intendedBranch(branches: readonly (readonly Issue[])[]): readonly Issue[] | undefined {
  return branches.find((issues) => issues.every((issue) => issue.path.length > 0 || !isWrongKind(issue)));
}

function isWrongKind({ code }: Issue): boolean {
  return code === "invalid_type" || code === "invalid_value";
}

function noBranch(branches: readonly (readonly Issue[])[], value: unknown): Explanation {
  const forms = branches.flatMap((issues) => issues.slice(0, 1).map(expectedForm)).join(" or ");
  const choices = branches.flat().flatMap((issue) => (issue.code === "invalid_value" ? issue.values.map(String) : []));
  const guess = typeof value === "string" ? nearest(value, choices) : undefined;
  return { why: `must be ${forms}.`, remedy: `Write ${guess ?? forms}` };
}

function expectedForm(issue: Issue): string {
  if (issue.code === "invalid_value") return issue.values.map(String).join(", ");
  return issue.code === "invalid_type" ? (kinds[issue.expected] ?? issue.expected) : issue.message;
}

const kinds: Readonly<Partial<Record<string, string>>> = {
  string: "a text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "keys and values below it",
  record: "keys and values below it",
};

function explain(issue: Issue, value: unknown): Explanation {
  switch (issue.code) {
    case "invalid_type":
      return wrongType(kinds[issue.expected] ?? issue.expected, value);
    case "invalid_value":
      return wrongChoice(issue.values.map(String), value);
    case "too_small":
      return isCollection(issue.origin)
        ? { why: "is empty.", remedy: "Write at least one, or leave the key out for its default" }
        : { why: `is less than ${issue.minimum}.`, remedy: `Write ${issue.minimum} or more` };
    case "too_big":
      return isCollection(issue.origin)
        ? { why: `is longer than ${issue.maximum}.`, remedy: `Write at most ${issue.maximum}` }
        : { why: `is more than ${issue.maximum}.`, remedy: `Write ${issue.maximum} or less` };
    case "custom": {
      const remedy: unknown = issue.params?.remedy;
      return { why: issue.message, remedy: typeof remedy === "string" ? remedy : "See docs/configuration.md" };
    }
    default:
      return { why: `${issue.message}.`, remedy: "See docs/configuration.md" };
  }
}

function wrongType(expected: string, value: unknown): Explanation {
  if (value === undefined) return { why: "is missing.", remedy: `Write ${expected}` };
  if (value === null || value === "") {
    return { why: "is empty.", remedy: `Write ${expected}, or leave the key out for its default` };
  }
  const why = `must be ${expected}, not ${kindOf(value)}.`;
  const unquoted = typeof value === "string" && /^(-?\d+(\.\d+)?|true|false)$/.test(value);
  if (unquoted && expected !== kinds.array && expected !== kinds.object) {
    return { why, remedy: `Write it without quotes: ${value}` };
  }
  if (expected === kinds.string && (typeof value === "number" || typeof value === "boolean")) {
    return { why, remedy: `Write it in quotes: ${JSON.stringify(String(value))}` };
  }
  return { why, remedy: `Write ${expected}` };
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return "a list";
  switch (typeof value) {
    case "string":
      return "a text";
    case "number":
      return Number.isInteger(value) ? "a number" : "a fraction";
    case "boolean":
      return "true or false";
    default:
      return "keys and values";
  }
}

function wrongChoice(choices: readonly string[], value: unknown): Explanation {
  const guess = typeof value === "string" ? nearest(value, choices) : undefined;
  return {
    why: `is not one of ${choices.join(", ")}.`,
    remedy: guess === undefined ? `Write one of ${choices.join(", ")}` : `Write ${guess}`,
  };
}

function isCollection(origin: string): boolean {
  return origin === "array" || origin === "string";
}
