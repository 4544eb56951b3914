/** The one place that reads Pulumi's configuration. */
import * as pulumi from "@pulumi/pulumi";
import { ConfigError, parseConfig } from "../plan/config";
import { planLab } from "../plan/lab";
import type { LabPlan } from "../plan/model";
import type { VcenterLogin } from "../vcenter/session";

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
 * How to get into the vCenter, from the configuration or environment of the vSphere plugin.
 * @throws pulumi.RunError that names what is missing.
 */
export function loadVcenterLogin(): VcenterLogin {
  const config = new pulumi.Config("vsphere");
  const read = (key: string, variable: string) => config.get(key) ?? process.env[variable];
  const server = read("vsphereServer", "VSPHERE_SERVER");
  const user = read("user", "VSPHERE_USER");
  const password = read("password", "VSPHERE_PASSWORD");
  if (server === undefined || user === undefined || password === undefined) {
    const missing = [
      ...(server === undefined ? ["pulumi config set vsphere:vsphereServer vcenter.example.com"] : []),
      ...(user === undefined ? ["pulumi config set vsphere:user NAME@DOMAIN"] : []),
      ...(password === undefined ? ["pulumi config set --secret vsphere:password"] : []),
    ];
    throw new pulumi.RunError(
      `The platform is vsphere, and not all is said about how to get into the vCenter. Run:\n  ${missing.join("\n  ")}`,
    );
  }
  const allowUnverifiedSsl = ["1", "t", "true"].includes(
    (read("allowUnverifiedSsl", "VSPHERE_ALLOW_UNVERIFIED_SSL") ?? "").toLowerCase(),
  );
  return { server, user, password, allowUnverifiedSsl };
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
