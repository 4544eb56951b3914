/** Verdicts beside what is known: program by program, and as a confusion matrix. */
import { formatTable } from "../../verify/report";
import type { Known } from "./corpus";

/** One run of a program whose cause is known. */
export interface Row {
  readonly network: string;
  readonly name: string;
  readonly expected: Known;
  /** A cause, `works`, `cannot-tell`, or `not-run`. */
  readonly told: string;
  /** Of the run, with all that `exec` does beside it. */
  readonly seconds: number;
}

/** Lines: each program on each network, and in capitals what is not as it is known. */
export function programTable(rows: readonly Row[]): string[] {
  const networks = unique(rows.map(({ network }) => network));
  const cells = unique(rows.map(({ name }) => name)).map((name) => [
    name,
    ...networks.map((network) => {
      const row = rows.find((each) => each.name === name && each.network === network);
      if (row === undefined) return "·";
      return row.told === row.expected ? row.told : row.told.toUpperCase();
    }),
  ]);
  return formatTable(["program", ...networks], cells);
}

/** Lines: how often what is known was told as what. */
export function confusionMatrix(rows: readonly Row[]): string[] {
  const known = unique(rows.map(({ expected }) => expected)).sort();
  const told = unique([...known, ...rows.map((row) => row.told).sort()]);
  const cells = known.map((expected) => [
    expected,
    ...told.map((each) => {
      const count = rows.filter((row) => row.expected === expected && row.told === each).length;
      return count === 0 ? "·" : String(count);
    }),
  ]);
  return formatTable(["known, and told as", ...told], cells);
}

/** What the matrix comes to. A control is a program that works there; blamed is one that is told a cause. */
export function summary(rows: readonly Row[]): string[] {
  const right = rows.filter(isRight);
  const programs = unique(rows.map(({ name }) => name));
  const wrong = programs.filter((name) => rows.some((row) => row.name === name && !isRight(row)));
  const controls = rows.filter(({ expected }) => expected === "works");
  const blamed = controls.filter(({ told }) => !["works", "cannot-tell", "not-run"].includes(told));
  const wrongly = wrong.length === 0 ? "" : `; not right somewhere: ${wrong.join(", ")}`;
  return [
    `${right.length} of ${rows.length} runs right; ${programs.length - wrong.length} of ${programs.length} programs right on every network${wrongly}.`,
    `${blamed.length} of ${controls.length} controls blamed.`,
  ];
}

export function isRight({ expected, told }: Row): boolean {
  return expected === told;
}

function unique<T>(values: readonly T[]): T[] {
  return [...new Set(values)];
}
