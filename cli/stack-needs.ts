/** What a stack asks of this computer, as far as its file tells: Pulumi may not be there yet. */
import { existsSync, readFileSync } from "node:fs";
import { isMap, parseDocument } from "yaml";
import { z } from "zod";
import { ConfigError, parseConfig } from "../plan/config";
import { planLab } from "../plan/lab";
import type { DiskImagePlan, QemuPlatformPlan } from "../plan/model";
import { projectName, stackFile } from "./project";
import { allParts, type Part } from "./system-packages";

const kindSchema = z.union([z.string(), z.object({ kind: z.string().optional() }).transform(({ kind }) => kind)]);

const recordSchema = z.record(z.string(), z.unknown());

/** Which system programs a command takes that makes no machine: the image is there, or is not looked at. */
export function partsWithoutMachines(stack: string, project?: string): readonly Part[] {
  return neededParts(stack, project).filter((part) => part !== "image");
}

/** Which system programs it takes; all of them where the file does not tell. */
export function neededParts(stack: string, project?: string): readonly Part[] {
  const raw = rawConfig(stack, project);
  const kindOf = (section: string): string | undefined => kindSchema.safeParse(raw?.[section]).data;
  if (kindOf("platform") === "vsphere") return ["lab"];
  return kindOf("image") === "cloud" ? ["lab", "qemu"] : allParts;
}

export interface NeededMachines {
  readonly image: DiskImagePlan;
  readonly accelerator: QemuPlatformPlan["accelerator"];
  /** Each once. */
  readonly sizes: readonly Readonly<Record<"memoryMiB" | "cpus", number>>[];
}

/** The machines that are to run on this computer; undefined: none, or the file's problems come first. */
export function neededMachines(stack: string, project?: string): NeededMachines | undefined {
  try {
    const raw = rawConfig(stack, project);
    if (raw === undefined) return undefined;
    const { platform, gateway, clients } = planLab(parseConfig(raw), { project: projectName(project), stack });
    if (platform.kind !== "qemu") return undefined;
    const sizes = [gateway, ...clients].map(({ memoryMiB, cpus }) => ({ memoryMiB, cpus }));
    const distinct = new Map(sizes.map((size) => [`${size.memoryMiB} ${size.cpus}`, size]));
    return { image: platform.image, accelerator: platform.accelerator, sizes: [...distinct.values()] };
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
