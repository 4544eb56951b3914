/** A report as test cases: a suite for each place that was looked from, a case for each check. */
import { junitXml, type JunitCase, type JunitProblem } from "../../report/junit";
import type { CheckResult } from "../report";
import { type Look, placesOf } from "./look";

export function verifyJunit(look: Look): string {
  const { lab, faultsOn } = look.report;
  const properties = faultsOn === undefined ? undefined : { "faults switched on": faultsOn };
  const suites = placesOf(look).map(({ machine, results }) => ({
    name: machine,
    cases: results.map(({ result }) => caseOf(lab, result)),
    properties,
  }));
  return junitXml(`${lab} verify`, suites, look.at);
}

function caseOf(lab: string, result: CheckResult): JunitCase {
  const { machine, check, status, evidence, remedy } = result;
  const output = status === "warning" && remedy !== undefined ? `${evidence}\nWarning: ${remedy}` : evidence;
  return { classname: `${lab} / ${machine}`, name: check, problem: problemOf(result), output };
}

/** Who could not be asked is no failed check: nothing is known. A warning passes. */
function problemOf({ status, unasked, evidence, remedy = "" }: CheckResult): JunitProblem | undefined {
  switch (status) {
    case "pass":
    case "warning":
      return undefined;
    case "skipped":
      return { kind: "skipped", message: evidence };
    case "fail":
      return { kind: unasked === true ? "error" : "failure", message: evidence, text: remedy };
  }
}
