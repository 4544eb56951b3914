/** The one place that reads Pulumi's configuration. */
import * as pulumi from "@pulumi/pulumi";
import { ConfigError, parseConfig, type LabConfig } from "../plan/config";

/**
 * The configuration of the current stack.
 * @throws pulumi.RunError, which Pulumi shows without a stack trace, with every problem of the configuration.
 */
export function loadConfig(): LabConfig {
  try {
    return parseConfig(decodeConfig(pulumi.getProject(), pulumi.runtime.allConfig()));
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
