/** Everything that is checked beyond the form of single values. */
import type { ConfigProblem } from "../problem";
import type { LabConfig } from "../schema";
import { announcementChecks } from "./announcements";
import type { Finding } from "./finding";
import { lanChecks } from "./lan";
import { machineChecks } from "./machines";
import { nat64Checks } from "./nat64";
import { qemuChecks } from "./qemu";
import { resolverChecks } from "./resolver";
import { uplinkChecks } from "./uplink";
import { vsphereChecks } from "./vsphere";

const checks = [
  lanChecks,
  uplinkChecks,
  nat64Checks,
  resolverChecks,
  announcementChecks,
  machineChecks,
  qemuChecks,
  vsphereChecks,
].flat();

/** Why this configuration cannot work, apart from what reads a section that is known to be `broken`. */
export function contradictions(config: LabConfig, broken: ReadonlySet<string> = new Set()): readonly ConfigProblem[] {
  return checks
    .filter(({ reads }) => !reads.some((section) => broken.has(section)))
    .flatMap(({ find }) => find(config))
    .filter(({ severity }) => severity === "error")
    .map(withoutSeverity);
}

/** What works in this configuration but deserves a word. */
export function warnings(config: LabConfig): readonly ConfigProblem[] {
  return checks
    .flatMap(({ find }) => find(config))
    .filter(({ severity }) => severity === "warning")
    .map(withoutSeverity);
}

function withoutSeverity({ key, value, why, remedy }: Finding): ConfigProblem {
  return { key, value, why, remedy };
}
