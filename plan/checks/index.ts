/** Everything that is checked beyond the form of single values. */
import { valueAtKey } from "../issues";
import { showValue, type ConfigProblem } from "../problem";
import type { LabConfig } from "../schema";
import { announcementChecks } from "./announcements";
import type { Finding, RawConfig } from "./finding";
import { internetChecks } from "./internet";
import { lanChecks } from "./lan";
import { machineChecks } from "./machines";
import { nat64Checks } from "./nat64";
import { networkChecks } from "./networks";
import { ownCheckChecks } from "./own-checks";
import { qemuChecks } from "./qemu";
import { resolverChecks } from "./resolver";
import { staticBindingChecks } from "./static-bindings";
import { unheededChecks } from "./unheeded";
import { vsphereChecks } from "./vsphere";

const checks = [
  ...[...lanChecks, ...networkChecks, ...nat64Checks, ...resolverChecks, ...announcementChecks],
  ...[...machineChecks, ...qemuChecks, ...vsphereChecks, ...internetChecks, ...ownCheckChecks, ...staticBindingChecks],
  ...unheededChecks,
];

/** Why this configuration cannot work, apart from what reads a section that is known to be `broken`. */
export function contradictions(
  config: LabConfig,
  raw: RawConfig,
  broken: ReadonlySet<string> = new Set(),
): readonly ConfigProblem[] {
  return findings(config, raw, "error", broken);
}

/** What works in this configuration but deserves a word. */
export function warnings(config: LabConfig, raw: RawConfig): readonly ConfigProblem[] {
  return findings(config, raw, "warning");
}

function findings(
  config: LabConfig,
  raw: RawConfig,
  severity: Finding["severity"],
  broken: ReadonlySet<string> = new Set(),
): readonly ConfigProblem[] {
  return checks
    .filter(({ reads }) => !reads.some((section) => broken.has(section)))
    .flatMap(({ find }) => [...find(config, raw)])
    .filter((finding) => finding.severity === severity)
    .map(({ key, value, why, remedy }) => {
      // As it is written; what nobody wrote has its default.
      const found = valueAtKey(raw, key) ?? valueAtKey(config, key);
      return { key, value: value ?? showValue(found), why, remedy };
    });
}
