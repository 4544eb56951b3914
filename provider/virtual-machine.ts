/**
 * `lab:index:VirtualMachine`: one QEMU process of this user and its folder. It outlives the provider; `read` looks at
 * the process itself, so a machine that died is seen by a refresh and powered on again by the next `up`.
 */
import { basename } from "node:path";
import { z } from "zod";
import { checkWith } from "../plugin/check";
import { compareInputs, type OperationContext, type Properties, type ResourceHandler } from "../plugin/handler";
import { awaitSshd } from "./qemu/boot";
import { chooseAccelerator } from "./qemu/accelerator";
import { acceleratorSchema, machineType } from "./qemu/machine-types";
import { machinePaths, type MachinePaths } from "./qemu/paths";
import { isIntact, layOut, removeMachine, start } from "./qemu/power";
import { endMachine, machineProcesses } from "./qemu/process";

const mac = z
  .string()
  .regex(/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/, "must be a MAC address in lower case, like 52:54:00:1:2:3");

const nicSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("user"), mac, sshForward: z.boolean(), restricted: z.boolean() }),
  z.object({
    kind: z.literal("segment"),
    mac,
    segment: z.object({ group: z.ipv4(), port: z.int().min(1).max(65535) }),
  }),
  z.object({ kind: z.literal("bridge"), mac, bridge: z.string().regex(/^[^\s/]{1,15}$/, "is not a name of a bridge") }),
]);

const inputsSchema = z.object({
  stateFolder: z.string().min(1),
  machineName: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, "must be usable as a file name"),
  image: z.object({
    digest: z.string(),
    disk: z.string(),
    format: z.enum(["qcow2", "raw"]),
    kernel: z.string().optional(),
    initrd: z.string().optional(),
    kernelArguments: z.string().optional(),
  }),
  memoryMiB: z.int().min(128),
  cpus: z.int().min(1),
  accelerator: z.union([z.literal("auto"), acceleratorSchema]),
  nics: z.array(nicSchema),
  documents: z.object({ metaData: z.string(), userData: z.string(), networkConfig: z.string() }),
});
type Inputs = z.infer<typeof inputsSchema>;

/** What a machine is made anew for; `image` by its digest alone, see `diff`. */
const replacing = ["stateFolder", "machineName", "memoryMiB", "cpus", "accelerator", "nics", "documents"] as const;

const digestOf = z.object({ digest: z.string() });
const placeOf = z.object({ stateFolder: z.string(), machineName: z.string() });
const runOf = z.object({ sshPort: z.number().optional(), running: z.boolean() });

export const virtualMachineHandler: ResourceHandler = {
  check: checkWith(inputsSchema),

  diff(old, inputs) {
    const { changed } = compareInputs(old.properties, inputs, replacing);
    const image = sameImage(old.properties.image, inputs.image) ? [] : ["image"];
    const power = old.properties.running === false ? ["running"] : [];
    return { changed: [...changed, ...image, ...power], replaces: [...changed, ...image] };
  },

  preview(inputs) {
    const paths = pathsOf(inputs);
    return { running: true, folder: paths.folder, consoleLog: paths.console };
  },

  async create(inputs, context) {
    const machine = inputsSchema.parse(inputs);
    const paths = machinePaths(machine.stateFolder, machine.machineName);
    // Left by an `up` that was interrupted, or by a state that was lost.
    await removeMachine(paths);
    try {
      await layOut(paths, machine.image, machine.documents, context);
      const outputs = await powerOn(machine, paths, undefined, context);
      return { id: `${basename(machine.stateFolder)}/${machine.machineName}`, outputs: { ...inputs, ...outputs } };
    } catch (error) {
      await removeMachine(paths);
      throw error;
    }
  },

  read(old) {
    const paths = pathsOf(old.properties);
    const [pid] = machineProcesses(paths);
    // Without its disk it is no machine any more, even if a process still holds the deleted file.
    if (!isIntact(paths)) return Promise.resolve(undefined);
    return Promise.resolve(
      pid === undefined ? { ...old.properties, running: false } : { ...old.properties, running: true, pid },
    );
  },

  /** Powers it on again, with the disk that it had. */
  async update(old, inputs, context) {
    const machine = inputsSchema.parse(inputs);
    const paths = machinePaths(machine.stateFolder, machine.machineName);
    const run = runOf.parse(old.properties);
    if (run.running && machineProcesses(paths).length > 0) return { ...old.properties, ...inputs };
    if (!isIntact(paths))
      throw new Error(`The disk in ${paths.folder} is gone. \`up --refresh\` makes the machine anew.`);
    await endMachine(paths);
    return { ...inputs, ...(await powerOn(machine, paths, run.sshPort, context)) };
  },

  delete: (old) => removeMachine(pathsOf(old.properties)),
};

async function powerOn(
  machine: Inputs,
  paths: MachinePaths,
  preferredPort: number | undefined,
  context: OperationContext,
): Promise<Properties> {
  const type = machineType();
  const { kernelArguments } = machine.image;
  const kernel = machine.image.kernel === undefined ? undefined : paths.kernel;
  const initrd = machine.image.initrd === undefined ? undefined : paths.initrd;
  const { accelerator, sandbox } = await chooseAccelerator(machine.accelerator, type, kernel, context);
  context.progress(`powering on (${accelerator})`);
  const { memoryMiB, cpus, nics } = machine;
  const name = `${basename(machine.stateFolder)}-${machine.machineName}`;
  const description = {
    name,
    type,
    accelerator,
    sandbox,
    memoryMiB,
    cpus,
    nics,
    kernel,
    initrd,
    kernelArguments,
    paths,
  };
  const { pid, sshPort, powerOn } = await start(description, preferredPort, context);
  if (sshPort !== undefined) await awaitSshd(name, sshPort, paths, context);
  return {
    ...(sshPort === undefined ? {} : { sshHost: "127.0.0.1", sshPort }),
    powerOn,
    running: true,
    pid,
    activeAccelerator: accelerator,
    consoleLog: paths.console,
    folder: paths.folder,
  };
}

function pathsOf(properties: Properties): MachinePaths {
  const { stateFolder, machineName } = placeOf.parse(properties);
  return machinePaths(stateFolder, machineName);
}

function sameImage(old: unknown, wanted: unknown): boolean {
  const [a, b] = [digestOf.safeParse(old), digestOf.safeParse(wanted)];
  return a.success && b.success && a.data.digest === b.data.digest;
}
