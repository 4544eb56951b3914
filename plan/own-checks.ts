/** The stack's own checks: what is expected of each on each network, decided once. */
import type { OwnCheckPlan } from "./model";
import { labNetworks } from "./networks";
import type { LabConfig } from "./schema";
import type { ConfiguredCheck } from "./schema/checks";

/** In the order of the configuration. */
export function ownCheckPlans(config: LabConfig): readonly OwnCheckPlan[] {
  return config.checks.map((check) => ({
    title: check.title,
    tries: triesOf(check),
    clients: check.on,
    timeout: check.timeout,
    expected: expectedOf(config, check),
  }));
}

/** One of the two is there: plan/checks/own-checks.ts. */
function triesOf({ command, url = "" }: ConfiguredCheck): OwnCheckPlan["tries"] {
  return command === undefined ? { kind: "url", url } : { kind: "command", command };
}

function expectedOf(config: LabConfig, { expect }: ConfiguredCheck): OwnCheckPlan["expected"] {
  const outcomes = labNetworks(config).map(({ name, scenario }) => {
    const outcome = typeof expect === "string" ? expect : (expect[name] ?? expect[scenario]);
    return [name, outcome] as const;
  });
  return Object.fromEntries(outcomes.flatMap(([name, outcome]) => (outcome === undefined ? [] : [[name, outcome]])));
}
