import { messageOf } from "../host/messages";

/** The outcome of one check on one machine. */
export interface CheckResult {
  /** The machine that was looked at. */
  readonly machine: string;
  /** A sentence that is true when the check passes. */
  readonly check: string;
  /**
   * `skipped`: it cannot be told here, and the evidence says why. `warning`: nothing is known to be wrong, and it deserves
   * a look all the same: it came right at a second try only, or the configuration keeps it from being told.
   */
  readonly status: "pass" | "fail" | "skipped" | "warning";
  /** What was seen. */
  readonly evidence: string;
  /** What to do, for a check that failed or warns. */
  readonly remedy?: string;
  /** The network that a client was on; the gateway is on all of them. */
  readonly network?: string;
  /** The machine could not be asked: nothing is known of the lab by this result. */
  readonly unasked?: true;
  /** The fault of the simulated internet that was tried, if it was one. */
  readonly fault?: string;
  /** The title of one of the stack's own checks, if it was one. */
  readonly own?: string;
  /** Of what either works or fails: what it is to do on this network, if that is known, and what it did. */
  readonly outcome?: { readonly expected?: Outcome; readonly seen: Seen };
}

export type Outcome = "works" | "fails";

/** `error`: a server was reached, and what it answered is no success. By that neither is known. */
export type Seen = Outcome | "error";

export interface Report {
  readonly lab: string;
  readonly passed: boolean;
  readonly results: readonly CheckResult[];
  /** Which faults of clients' ways were on meanwhile, in a line; absent: none. */
  readonly faultsOn?: string;
  /** When every client had its first byte through NAT64, by the clock of the machine that looks; ISO 8601. */
  readonly firstByteAt?: string;
}

/** The one result of a machine that could not be asked. @param up the command that puts the lab right. */
export function unreachable(machine: string, at: string, console: string, why: string, up: string): CheckResult {
  return {
    machine,
    check: `SSH reaches it at ${at}`,
    status: "fail",
    unasked: true,
    evidence: why,
    remedy:
      `${up} powers on what has died, and leaves alone what runs. What the machine said at last is in ${console}. ` +
      "One that runs and does not answer is booted again by the next `up` after you have ended it: under QEMU the number " +
      "of its process is in qemu.pid beside that file.",
  };
}

/** The one result of a machine that was reached and then said nothing more. */
export function silent(machine: string, console: string, error: unknown): CheckResult {
  return {
    machine,
    check: "it answers what it is asked",
    status: "fail",
    unasked: true,
    evidence: messageOf(error),
    remedy: `It hangs, or lacks what the checks use. What it said at last is in ${console}`,
  };
}

export const marks: Readonly<Record<CheckResult["status"], string>> = {
  pass: "ok",
  fail: "FAILED",
  skipped: "skipped",
  warning: "warning",
};

export function makeReport(lab: string, results: readonly CheckResult[], firstBytes: readonly Date[]): Report {
  const last = Math.max(...firstBytes.map(Number));
  return {
    lab,
    passed: results.every(({ status }) => status !== "fail"),
    results,
    ...(firstBytes.length === 0 ? {} : { firstByteAt: new Date(last).toISOString() }),
  };
}

/**
 * A table for people; machines in the order of the results, what went wrong spelled out below it. Faults that came out as
 * they should are counted and not listed: a grid of them tells more.
 */
export function formatReport(report: Report): string {
  const isOdd = ({ status }: CheckResult): boolean => status === "fail" || status === "warning";
  const shown = report.results.filter((each) => each.fault === undefined || isOdd(each));
  const rows = shown.map(({ machine, check, status, evidence }) => [machine, marks[status], check, evidence]);
  return [
    ...(report.faultsOn === undefined ? [] : [report.faultsOn, ""]),
    ...formatTable(["machine", "", "check", "seen"], rows),
    "",
    ...report.results
      .filter(isOdd)
      .flatMap(({ machine, check, status, remedy }) => [
        `${machine}: ${status === "fail" ? "not so" : "worth a look"}: ${check}.`,
        ...(remedy === undefined ? [] : [`  ${remedy}`]),
      ]),
    summary(report),
  ].join("\n");
}

/** One line: how many checks passed, failed and were skipped. */
export function summary({ lab, results }: Report): string {
  return `${lab}: ${counted(results)}`;
}

export function counted(results: readonly CheckResult[]): string {
  const count = (status: CheckResult["status"]): number => results.filter((result) => result.status === status).length;
  const warnings = count("warning");
  return [
    `${count("pass")} ok`,
    `${count("fail")} failed`,
    ...(warnings === 0 ? [] : [`${warnings} ${warnings === 1 ? "warning" : "warnings"}`]),
    `${count("skipped")} skipped`,
  ].join(", ");
}

/** Columns padded to their widest cell; the last one is left as it is. */
export function formatTable(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...all.map((row) => (row[column] ?? "").length)));
  return all.map((row) =>
    row
      .map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column] ?? 0)))
      .join("  ")
      .trimEnd(),
  );
}
