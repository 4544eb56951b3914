/** The stack file with every connectivity scenario, as the stories take it. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { projectFolder, type Stack } from "./harness";

const stackFile = z.object({ config: z.record(z.string(), z.unknown()) });
const { config } = stackFile.parse(parse(readFileSync(join(projectFolder, "Pulumi.scenarios.yaml"), "utf8")));

/** Its configuration, keys without the namespace. */
export const sections = Object.fromEntries(
  Object.entries(config).map(([key, value]) => [key.replace("ipv6-only-lab:", ""), value]),
);

export const networks = z.array(z.looseObject({ name: z.string(), scenario: z.string() })).parse(sections.networks);

export const status = z.object({
  faults: z.array(z.object({ name: z.string(), client: z.string() })),
  networks: z.array(z.object({ name: z.string(), clients: z.array(z.string()) })),
});

/** The network that a client is on, as `status` tells it. */
export async function whereabouts(lab: Stack, client: string): Promise<string | undefined> {
  const { stdout } = await lab.succeed("status", "--json");
  return status.parse(JSON.parse(stdout)).networks.find(({ clients }) => clients.includes(client))?.name;
}
