/** What a virtual machine is made from, as it comes from the program. */
import { z } from "zod";
import { maximumCards } from "./qemu/command-line";
import { nicSchema } from "./qemu/description";
import { acceleratorSchema } from "./qemu/machine-types";

/** Where an image's files are; `digest` tells one from another. */
export const imageFilesSchema = z.object({
  digest: z.string(),
  disk: z.string(),
  format: z.enum(["qcow2", "raw"]),
  kernel: z.string().optional(),
  initrd: z.string().optional(),
  kernelArguments: z.string().optional(),
});

export const machineInputsSchema = z.object({
  stateFolder: z.string().min(1),
  machineName: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, "must be usable as a file name"),
  image: imageFilesSchema,
  memoryMiB: z.int().min(128),
  cpus: z.int().min(1),
  accelerator: z.union([z.literal("auto"), acceleratorSchema]),
  nics: z.array(nicSchema).max(maximumCards, `a machine has room for ${maximumCards} network cards`),
  disposable: z.boolean(),
  documents: z.object({ metaData: z.string(), userData: z.string(), networkConfig: z.string() }),
});
export type MachineInputs = z.infer<typeof machineInputsSchema>;
