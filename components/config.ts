/** The one place that reads Pulumi's configuration. */
import * as pulumi from "@pulumi/pulumi";
import { ConfigError, parseConfig } from "../plan/config";
import { planLab } from "../plan/lab";
import type { LabPlan } from "../plan/model";

/**
 * The plan of the current stack, from its configuration.
 * @throws pulumi.RunError, which Pulumi shows without a stack trace, with every problem of the configuration.
 */
export function loadPlan(): LabPlan {
  const project = pulumi.getProject();
  try {
    const config = parseConfig(decodeConfig(project, pulumi.runtime.allConfig()));
    return planLab(config, { project, stack: pulumi.getStack() });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new pulumi.RunError(error.message);
  }
}

/**
 * The keys of one namespace without their namespace. Pulumi hands objects and lists over as JSON and everything else
 * as text; text stays as it is (`010` is not 10).
 */
export function decodeConfig(
  namespace: string,
  all: Readonly<Record<string, string>>,
): Readonly<Record<string, unknown>> {
  const start = `${namespace}:`;
  return Object.fromEntries(
    Object.entries(all)
      .filter(([key]) => key.startsWith(start))
      .map(([key, value]) => [key.slice(start.length), decode(value)]),
  );
}

function decode(text: string): unknown {
  if (!/^\s*[[{]/.test(text)) return text;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
