/** What a machine is, written down beside its disk: it can go on by that alone, wherever its folder is by then. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { z } from "zod";
import { type MachineDescription, type Start } from "./command-line";
import { acceleratorSchema, machineType } from "./machine-types";
import type { MachinePaths } from "./paths";

const mac = z
  .string()
  .regex(/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/, "must be a MAC address in lower case, like 52:54:00:1:2:3");

export const segmentSchema = z.object({ group: z.ipv4(), port: z.int().min(1).max(65535) });

export const nicSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("user"), mac, sshForward: z.boolean(), restricted: z.boolean() }),
  z.object({ kind: z.literal("segment"), mac, segment: segmentSchema }),
  z.object({ kind: z.literal("bridge"), mac, bridge: z.string().regex(/^[^\s/]{1,15}$/, "is not a name of a bridge") }),
]);

const descriptionSchema = z.object({
  name: z.string(),
  accelerator: acceleratorSchema,
  memoryMiB: z.int(),
  cpus: z.int(),
  kernelArguments: z.string().optional(),
  nics: z.array(nicSchema),
  sandbox: z.boolean(),
});

/** Of this processor's type; the port of SSH is chosen when it starts. */
export type Described = Omit<MachineDescription, "sshPort">;

export function writeDescription(machine: Described): void {
  const { name, accelerator, memoryMiB, cpus, kernelArguments, nics, sandbox } = machine;
  const written: z.input<typeof descriptionSchema> = {
    ...{ name, accelerator, memoryMiB, cpus, kernelArguments, sandbox },
    nics: [...nics],
  };
  writeFileSync(machine.paths.description, `${JSON.stringify(written)}\n`, { mode: 0o600 });
}

/** @throws when there is none, or one of another version of this program. */
export function readDescription(paths: MachinePaths, start: Start): Described {
  const { kernelArguments, ...written } = descriptionSchema.parse(JSON.parse(readFileSync(paths.description, "utf8")));
  const kernel = existsSync(paths.kernel) ? paths.kernel : undefined;
  const initrd = existsSync(paths.initrd) ? paths.initrd : undefined;
  return { ...written, kernelArguments, type: machineType(), kernel, initrd, start, paths };
}
