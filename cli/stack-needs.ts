/** What a stack asks of this computer, as far as its file tells: Pulumi may not be there yet. */
import { existsSync, readFileSync } from "node:fs";
import { isMap, parseDocument } from "yaml";
import { z } from "zod";
import { ConfigError, parseConfig } from "../plan/config";
import { planLab } from "../plan/lab";
import type { DiskImagePlan } from "../plan/model";
import { projectName, stackFile } from "./project";
import { allParts, type Part } from "./system-packages";

const kindSchema = z.union([z.string(), z.object({ kind: z.string().optional() }).transform(({ kind }) => kind)]);

const recordSchema = z.record(z.string(), z.unknown());

/** Which system programs it takes; all of them where the file does not tell. */
export function neededParts(stack: string, project?: string): readonly Part[] {
  const raw = rawConfig(stack, project);
  const kindOf = (section: string): string | undefined => kindSchema.safeParse(raw?.[section]).data;
  if (kindOf("platform") === "vsphere") return ["lab"];
  return kindOf("image") === "cloud" ? ["lab", "qemu"] : allParts;
}

/** The image that machines of this computer are to boot from; undefined: none, or the file's problems come first. */
export function neededImage(stack: string, project?: string): DiskImagePlan | undefined {
  try {
    const raw = rawConfig(stack, project);
    if (raw === undefined) return undefined;
    const { platform } = planLab(parseConfig(raw), { project: projectName(project), stack });
    return platform.kind === "qemu" ? platform.image : undefined;
  } catch (error) {
    if (error instanceof ConfigError) return undefined;
    throw error;
  }
}

/** The keys of this project, without its name in front; undefined without a file that can be read. */
function rawConfig(stack: string, project?: string): Readonly<Record<string, unknown>> | undefined {
  const file = stackFile(stack, project);
  const document = existsSync(file) ? parseDocument(readFileSync(file, "utf8")) : undefined;
  if (document === undefined || document.errors.length > 0) return undefined;
  const config: unknown = document.get("config");
  const values = recordSchema.parse(isMap(config) ? config.toJS(document) : {});
  const own = `${projectName(project)}:`;
  const entries = Object.entries(values).map(([key, value]): [string, unknown] => [
    key.replace(/^([^:]+:)config:/, "$1").replace(own, ""),
    // As Pulumi hands them over.
    typeof value === "number" || typeof value === "boolean" ? String(value) : value,
  ]);
  return Object.fromEntries(entries.filter(([key]) => !key.includes(":")));
}
