import type { z } from "zod";

/** What one command on a machine said: see probes/common.sh. */
export interface Section {
  readonly exitCode: number;
  readonly output: string;
}

/** Exit codes of a program that is not there, or cannot be run, as the shell tells it. */
export const notStarted: readonly number[] = [126, 127];

export type Sections = ReadonlyMap<string, Section>;

/** Splits the output of a facts script at its "### <name> <exit code>" lines. What comes before the first is left out. */
export function parseSections(text: string): Sections {
  const [, ...parts] = text.split(/^### (\S+) (\d+)$/m);
  return new Map(
    parts.flatMap((name, index) => {
      const [exitCode, output = ""] = parts.slice(index + 1);
      return index % 3 === 0 ? [[name, { exitCode: Number(exitCode), output: output.trim() }] as const] : [];
    }),
  );
}

/** The section of that name. A script that did not print it is an error of this program, not a fact. */
export function section(sections: Sections, name: string): Section {
  const found = sections.get(name);
  if (found === undefined) {
    throw new Error(`The facts script printed no section "${name}" (it printed: ${[...sections.keys()].join(", ")}).`);
  }
  return found;
}

/** A cell of a row. A table without that column is not the one that this program knows. */
export function cell(row: Readonly<Record<string, string>>, column: string): string {
  const value = row[column];
  if (value === undefined) {
    throw new Error(`A table has no column "${column}" (it has: ${Object.keys(row).join(", ")}).`);
  }
  return value;
}

/**
 * What a command said in JSON; nothing said stands for an empty list, as ip(8) has it.
 * @throws Error with what it said instead, where it failed: that is no empty list.
 */
export function readJson<T>(sections: Sections, name: string, schema: z.ZodType<T>): T {
  const { exitCode, output } = section(sections, name);
  if (exitCode !== 0) throw new Error(`"${name}" could not be told (exit code ${exitCode}): ${output}`);
  return schema.parse(JSON.parse(output === "" ? "[]" : output));
}

/** Rows of a CSV with a header line, as jool prints it: no quoting, one record a line. */
export function parseCsv(text: string): Record<string, string>[] {
  const [head, ...rows] = text.split("\n").filter((line) => line.includes(","));
  const names = (head ?? "").split(",");
  return rows.map((row) => {
    const cells = row.split(",");
    return Object.fromEntries(names.map((name, index) => [name, cells[index] ?? ""]));
  });
}
