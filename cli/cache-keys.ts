/**
 * What the cache of a CI system is to be called by: a key changes when what it stands for would be made anew, so that no
 * run waits for an image that another one has made, and none is handed one that it would not use.
 */
import { createHash } from "node:crypto";
import { cpus } from "node:os";
import { cacheFolder } from "../host/paths";
import type { DiskImagePlan } from "../plan/model";
import { recipeDigest, recipeOf } from "../provider/image/recipe";
import { emulatorVersion } from "../provider/qemu/accelerator";
import { machineType } from "../provider/qemu/machine-types";
import { releaseVersion } from "../toolchain/pins";
import { standInsDigest } from "../toolchain/stand-ins";
import { neededMachines } from "./stack-needs";

export interface CacheKeys {
  /** The folder that everything below is in. */
  readonly folder: string;
  /** Pulumi and what stands in for its parts. */
  readonly toolchain: string;
  /** The guests' image; undefined: no machine of the stack runs here. */
  readonly image: string | undefined;
  /** What is booted from the image once: of this emulator, this processor, and these sizes of machines. */
  readonly templates: string | undefined;
}

/** @param stack whose machines are meant; what its file leaves open makes no key. */
export async function cacheKeys(stack: string, project?: string): Promise<CacheKeys> {
  const machines = neededMachines(stack, project);
  const place = `${process.platform}-${process.arch}`;
  const toolchain = `${place}-${releaseVersion}-${standInsDigest()}`;
  if (machines === undefined) return { folder: cacheFolder(), toolchain, image: undefined, templates: undefined };
  const { accelerator, sizes } = machines;
  const made = [await emulatorVersion(machineType()), cpus()[0]?.model ?? "", accelerator, sizes];
  return {
    folder: cacheFolder(),
    toolchain,
    image: `${place}-${imageName(machines.image)}`,
    templates: digest(made),
  };
}

/** As the lines `name=value` that CI systems read. */
export function cacheKeyLines(keys: CacheKeys): string[] {
  return Object.entries(keys).flatMap(([name, value]: [string, string | undefined]) =>
    value === undefined ? [] : [`${name}=${value}`],
  );
}

/** An image that is built here is called by its recipe in the cache too. */
function imageName(image: DiskImagePlan): string {
  return image.kind === "build" ? recipeDigest(recipeOf(image)) : digest(image);
}

function digest(value: unknown): string {
  return createHash("sha256").update(JSON.stringify(value)).digest("hex").slice(0, 16);
}
