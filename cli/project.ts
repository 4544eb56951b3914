/** What Pulumi.yaml and the stack files beside it say. */
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { projectRoot } from "../host/paths";

const projectSchema = z.object({ name: z.string() });

/** The project's name, which is part of every stack's name in a backend. */
export function projectName(root: string = projectRoot): string {
  return projectSchema.parse(parse(readFileSync(join(root, "Pulumi.yaml"), "utf8"))).name;
}

/** The stacks that have a file in the checkout, sorted. */
export function configuredStacks(root: string = projectRoot): string[] {
  return readdirSync(root)
    .map((file) => /^Pulumi\.(.+)\.yaml$/.exec(file)?.[1])
    .filter((name) => name !== undefined)
    .sort();
}

export function stackFile(stack: string, root: string = projectRoot): string {
  return join(root, `Pulumi.${stack}.yaml`);
}
