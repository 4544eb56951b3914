/** Everything that is checked beyond the form of single values. */
import { valueAt } from "../issues";
import { showValue, type ConfigProblem } from "../problem";
import type { LabConfig } from "../schema";
import { announcementChecks } from "./announcements";
import type { Finding } from "./finding";
import { internetChecks } from "./internet";
import { lanChecks } from "./lan";
import { machineChecks } from "./machines";
import { nat64Checks } from "./nat64";
import { networkChecks } from "./networks";
import { ownCheckChecks } from "./own-checks";
import { qemuChecks } from "./qemu";
import { resolverChecks } from "./resolver";
import { staticBindingChecks } from "./static-bindings";
import { vsphereChecks } from "./vsphere";

const checks = [
  ...[...lanChecks, ...networkChecks, ...nat64Checks, ...resolverChecks, ...announcementChecks],
  ...[...machineChecks, ...qemuChecks, ...vsphereChecks, ...internetChecks, ...ownCheckChecks, ...staticBindingChecks],
];

/** Why this configuration cannot work, apart from what reads a section that is known to be `broken`. */
export function contradictions(config: LabConfig, broken: ReadonlySet<string> = new Set()): readonly ConfigProblem[] {
  return findings(config, "error", broken);
}

/** What works in this configuration but deserves a word. */
export function warnings(config: LabConfig): readonly ConfigProblem[] {
  return findings(config, "warning");
}

function findings(
  config: LabConfig,
  severity: Finding["severity"],
  broken: ReadonlySet<string> = new Set(),
): readonly ConfigProblem[] {
  return checks
    .filter(({ reads }) => !reads.some((section) => broken.has(section)))
    .flatMap(({ find }) => [...find(config)])
    .filter((finding) => finding.severity === severity)
    .map(({ key, value, why, remedy }) => ({ key, value: value ?? written(config, key), why, remedy }));
}

/** What stands at a key like `clients[2].name`. */
function written(config: LabConfig, key: string): string {
  return showValue(
    valueAt(
      config,
      key.split(/\W+/).filter((part) => part !== ""),
    ),
  );
}
