/** JUnit's XML, in the form that CI systems read. */
import { markup, type Markup } from "./markup";

export interface JunitSuite {
  readonly name: string;
  readonly cases: readonly JunitCase[];
  /** What is so of all of them. */
  readonly properties?: Readonly<Record<string, string>> | undefined;
}

export interface JunitCase {
  /** What it belongs to; CI systems group by it. */
  readonly classname: string;
  readonly name: string;
  readonly seconds?: number | undefined;
  /** Undefined: it is as it should be. `error`: nothing could be told. */
  readonly problem?: JunitProblem | undefined;
  /** What was seen. */
  readonly output?: string | undefined;
}

export interface JunitProblem {
  readonly kind: "failure" | "error" | "skipped";
  readonly message: string;
  readonly text?: string;
}

/** @param at when it was looked; left out where nobody knows. */
export function junitXml(name: string, suites: readonly JunitSuite[], at?: Date): string {
  const all = suites.flatMap(({ cases }) => cases);
  const document = markup`<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="${name}" ${counts(all)}>
${suites.map((suite) => suiteOf(suite, at))}</testsuites>
`;
  return String(document);
}

function suiteOf({ name, cases, properties = {} }: JunitSuite, at: Date | undefined): Markup {
  // As the schema wants it: without a time zone, in UTC.
  const timestamp = at === undefined ? undefined : markup` timestamp="${at.toISOString().slice(0, 19)}"`;
  return markup`  <testsuite name="${name}" ${counts(cases)}${timestamp}>
${propertiesOf(properties)}${cases.map(caseOf)}  </testsuite>
`;
}

function propertiesOf(properties: Readonly<Record<string, string>>): Markup | undefined {
  const rows = Object.entries(properties).map(([name, value]) => markup`<property name="${name}" value="${value}"/>`);
  return rows.length === 0
    ? undefined
    : markup`    <properties>${rows}</properties>
`;
}

function counts(cases: readonly JunitCase[]): Markup {
  const count = (kind: JunitProblem["kind"]): number => cases.filter(({ problem }) => problem?.kind === kind).length;
  const seconds = cases.reduce((sum, each) => sum + (each.seconds ?? 0), 0);
  return markup`tests="${cases.length}" failures="${count("failure")}" errors="${count("error")}" skipped="${count("skipped")}" time="${seconds.toFixed(3)}"`;
}

function caseOf({ classname, name, seconds = 0, problem, output }: JunitCase): Markup {
  return markup`    <testcase classname="${classname}" name="${name}" time="${seconds.toFixed(3)}">${
    problem === undefined ? undefined : problemOf(problem)
  }${output === undefined ? undefined : markup`<system-out>${output}</system-out>`}</testcase>
`;
}

function problemOf({ kind, message, text = "" }: JunitProblem): Markup {
  switch (kind) {
    case "failure":
      return markup`<failure message="${message}">${text}</failure>`;
    case "error":
      return markup`<error message="${message}">${text}</error>`;
    case "skipped":
      return markup`<skipped message="${message}"/>`;
  }
}
