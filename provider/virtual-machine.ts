/**
 * `lab:index:VirtualMachine`: one QEMU process of this user and its folder. It outlives the provider; `read` looks at
 * the process itself, so a machine that died is seen by a refresh and powered on again by the next `up`.
 */
import { randomBytes } from "node:crypto";
import { existsSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import { z } from "zod";
import { withDeadline } from "../host/deadline";
import { messageOf } from "../host/messages";
import { checkWith } from "../plugin/check";
import { compareInputs, type OperationContext, type Properties, type ResourceHandler } from "../plugin/handler";
import { awaitSshd } from "./qemu/boot";
import { chooseAccelerator, emulatorVersion } from "./qemu/accelerator";
import type { Start } from "./qemu/command-line";
import { nicSchema } from "./qemu/description";
import { acceleratorSchema, machineType } from "./qemu/machine-types";
import { machinePaths, type MachinePaths } from "./qemu/paths";
import { isIntact, layOut, removeMachine, start, withMachine } from "./qemu/power";
import { endMachine, type MachineProcess, processesOf } from "./qemu/process";
import { restore } from "./qemu/restore";
import { forgetSuspension, resumeMachine, standsStill } from "./qemu/suspend";
import { discardTemplate, findTemplate, obtainTemplate, type Template, templateKey } from "./qemu/template";

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
  disposable: z.boolean(),
  documents: z.object({ metaData: z.string(), userData: z.string(), networkConfig: z.string() }),
});
type Inputs = z.infer<typeof inputsSchema>;

/** What a machine is made anew for; `image` by its digest alone, see `diff`. */
const replacing = ["stateFolder", "machineName", "memoryMiB", "cpus", "accelerator", "nics", "documents"] as const;

const digestOf = z.object({ digest: z.string() });
const placeOf = z.object({ stateFolder: z.string(), machineName: z.string() });
const runOf = z.object({ sshPort: z.number().optional(), powerOn: z.string().optional() });

export const virtualMachineHandler: ResourceHandler = {
  check: checkWith(inputsSchema),

  diff(old, inputs) {
    const { changed } = compareInputs(old.properties, inputs, replacing);
    const image = sameImage(old.properties.image, inputs.image) ? [] : ["image"];
    const { running, powerOn, folder } = old.properties;
    // What `read` leaves out: the machine is not the one that was made, or nobody has seen it come up.
    const gone = folder === undefined ? ["folder"] : [];
    const power = running === false ? ["running"] : powerOn === undefined ? ["powerOn"] : [];
    return { changed: [...changed, ...image, ...gone, ...power], replaces: [...changed, ...image, ...gone] };
  },

  preview(inputs) {
    const paths = pathsOf(inputs);
    return { running: true, folder: paths.folder, consoleLog: paths.console };
  },

  create(inputs, context) {
    const machine = inputsSchema.parse(inputs);
    const paths = machinePaths(machine.stateFolder, machine.machineName);
    // What depends on the machine knows it by its id, and another machine is to be another one to it.
    const life = randomBytes(4).toString("hex");
    const id = [basename(machine.stateFolder), machine.machineName, life].join("/");
    return withMachine(paths, context, async () => {
      // Left by an `up` that was interrupted, or by a state that was lost.
      await removeMachine(paths);
      try {
        const outputs =
          (await fromTemplate(machine, paths, undefined, context)) ?? (await fromImage(machine, paths, context));
        writeFileSync(paths.life, life);
        return { id, outputs: { ...inputs, ...outputs } };
      } catch (error) {
        await removeMachine(paths);
        throw error;
      }
    });
  },

  async read(old) {
    const paths = pathsOf(old.properties);
    const [found] = processesOf(paths);
    if (found === undefined && !existsSync(paths.folder)) return undefined;
    const state = { ...old.properties, running: found !== undefined && !(await standsStill(paths)) };
    // Something of it is left, if only a process that holds deleted files: there is still something to delete.
    if (!isIntact(paths) || lifeIn(paths) !== old.id.split("/")[2]) {
      return { ...state, folder: undefined };
    }
    if (found === undefined) return state;
    // A machine that was suspended and resumed is another process, and the same power-on.
    const { powerOn } = runOf.parse(state);
    return { ...state, ...runningAs(found), powerOn: powerOn === powerOnOf(paths) ? powerOn : undefined };
  },

  /**
   * Brings it back when it was suspended; else powers it on again, with the disk that it had unless that is disposable, or
   * sees one come up that an interrupted `up` has powered on.
   */
  update(old, inputs, context) {
    const machine = inputsSchema.parse(inputs);
    const paths = machinePaths(machine.stateFolder, machine.machineName);
    const run = runOf.parse(old.properties);
    return withMachine(paths, context, async () => {
      if (!isIntact(paths)) {
        throw new Error(`The disk in ${paths.folder} is gone. \`up --refresh\` makes the machine anew.`);
      }
      try {
        await goOn(paths, context);
        const [found] = processesOf(paths);
        const since = found === undefined ? undefined : powerOnOf(paths);
        if (found !== undefined && since !== undefined && since === run.powerOn) {
          return { ...old.properties, ...inputs, ...runningAs(found), running: true };
        }
        if (found !== undefined && since !== undefined) {
          return { ...inputs, ...(await comeUp(machine, paths, runningAs(found), context)) };
        }
        await endMachine(paths);
        const restored = await anew(machine, paths, run.sshPort, context);
        return { ...inputs, ...(restored ?? (await powerOn(machine, paths, run.sshPort, context))) };
      } catch (error) {
        // A machine that is off is what the next `up` sees and mends.
        await endMachine(paths);
        throw error;
      }
    });
  },

  delete(old, context) {
    const paths = pathsOf(old.properties);
    return withMachine(paths, context, () => removeMachine(paths));
  },
};

/** Resumes what was suspended. What cannot go on boots, with the disk as a loss of power would have left it. */
async function goOn(paths: MachinePaths, context: OperationContext): Promise<void> {
  try {
    await resumeMachine(paths, context);
  } catch (error) {
    context.signal.throwIfAborted();
    await endMachine(paths);
    forgetSuspension(paths);
    context.warn(`${basename(paths.folder)} boots, because it could not be resumed: ${messageOf(error)}`);
  }
}

/** The first boot, from the image. */
async function fromImage(machine: Inputs, paths: MachinePaths, context: OperationContext): Promise<Properties> {
  await layOut(paths, machine.image, machine.documents, context);
  return powerOn(machine, paths, undefined, context);
}

/** Seconds after which a restored machine is better booted. A busy emulated one is there within 30. */
const restoredLimit = 240;

/** Templates that could not be made, by their key: another try would take as long again. */
const hopeless = new Set<string>();

/** A disposable machine that was lost is restored from its template, if there is one: that is quicker than to boot. */
async function anew(
  machine: Inputs,
  paths: MachinePaths,
  port: number | undefined,
  context: OperationContext,
): Promise<Properties | undefined> {
  const life = lifeIn(paths);
  if (!machine.disposable || life === undefined || (await templateOf(machine, context))?.found === undefined) {
    return undefined;
  }
  // What it wrote may tell why it was lost.
  rmSync(paths.lost, { recursive: true, force: true });
  renameSync(paths.folder, paths.lost);
  const outputs = await fromTemplate(machine, paths, port, context);
  if (outputs === undefined) {
    renameSync(paths.lost, paths.folder);
    return undefined;
  }
  writeFileSync(paths.life, life);
  context.info(`${machine.machineName} is restored from its template. The disk of the lost one is in ${paths.lost}.`);
  return outputs;
}

/** The key of the template that such a machine is restored from, and the template, as far as it was made. */
async function templateOf(machine: Inputs, context: OperationContext) {
  const { kernel, kernelArguments, digest } = machine.image;
  const here = await chosen(machine, kernel, context);
  // A distribution's image has no gate.
  if (kernel === undefined || !here.type.templates.includes(here.accelerator)) return undefined;
  const description = { ...machine, ...here, kernelArguments };
  const key = templateKey(description, digest, await emulatorVersion(here.type));
  return { key, description, found: findTemplate(key) };
}

/** The first boot, from where a template was saved; undefined where there is none for such a machine. */
async function fromTemplate(
  machine: Inputs,
  paths: MachinePaths,
  port: number | undefined,
  context: OperationContext,
): Promise<Properties | undefined> {
  const wanted = await templateOf(machine, context);
  if (wanted === undefined || hopeless.has(wanted.key)) return undefined;
  const { key, description } = wanted;
  let template: Template | undefined;
  try {
    const nobody = { metaData: "", userData: "", networkConfig: "" };
    template = await obtainTemplate(
      key,
      description,
      (place) => layOut(place, machine.image, nobody, context),
      context,
    );
    await layOut(paths, machine.image, machine.documents, context, template);
    return await powerOn(machine, paths, port, context, template);
  } catch (error) {
    context.signal.throwIfAborted();
    hopeless.add(key);
    if (template !== undefined) discardTemplate(template);
    await endMachine(paths);
    rmSync(paths.folder, { recursive: true, force: true });
    context.warn(`${machine.machineName} boots, because its template is of no use: ${messageOf(error)}`);
    return undefined;
  }
}

/** What this computer brings to a machine. */
async function chosen({ accelerator }: Inputs, kernel: string | undefined, context: OperationContext) {
  const type = machineType();
  return { type, ...(await chooseAccelerator(accelerator, type, kernel, context)) };
}

/** @param template what it goes on from; undefined: its disk boots. */
async function powerOn(
  machine: Inputs,
  paths: MachinePaths,
  preferredPort: number | undefined,
  context: OperationContext,
  template?: Template,
): Promise<Properties> {
  const { kernelArguments } = machine.image;
  const kernel = machine.image.kernel === undefined ? undefined : paths.kernel;
  const initrd = machine.image.initrd === undefined ? undefined : paths.initrd;
  const here = await chosen(machine, kernel, context);
  context.progress(template === undefined ? `powering on (${here.accelerator})` : "restoring a template");
  const name = nameOf(machine.stateFolder, machine.machineName);
  const how: Start = template === undefined ? { kind: "boot" } : { kind: "restore", memory: template.memory };
  const description = { ...machine, ...here, name, kernel, initrd, kernelArguments, start: how, paths };
  const { pid, sshPort } = await start(description, preferredPort, context);
  const run = { pid, sshPort, activeAccelerator: here.accelerator };
  if (template === undefined) return comeUp(machine, paths, run, context);
  await restore(machine, paths, template, context.signal);
  const late = `it did not come up within ${restoredLimit} s after it was restored`;
  return withDeadline(restoredLimit, late, context.signal, (signal) =>
    comeUp(machine, paths, run, { ...context, signal }),
  );
}

/** What a process alone shows of a machine. */
interface Run {
  readonly pid: number;
  readonly sshPort: number | undefined;
  readonly activeAccelerator: string | undefined;
}

function runningAs({ pid, commandLine }: MachineProcess): Run {
  const port = /,hostfwd=tcp:127\.0\.0\.1:(\d+)-/.exec(commandLine)?.[1];
  return {
    pid,
    sshPort: port === undefined ? undefined : Number(port),
    activeAccelerator: /,accel=(\w+)/.exec(commandLine)?.[1],
  };
}

async function comeUp(
  { stateFolder, machineName }: Inputs,
  paths: MachinePaths,
  run: Run,
  context: OperationContext,
): Promise<Properties> {
  if (run.sshPort !== undefined) await awaitSshd(nameOf(stateFolder, machineName), run.sshPort, paths, context);
  return {
    ...run,
    ...(run.sshPort === undefined ? {} : { sshHost: "127.0.0.1" }),
    powerOn: powerOnOf(paths),
    running: true,
    consoleLog: paths.console,
    folder: paths.folder,
  };
}

/** When the machine was powered on, in ISO 8601: QEMU writes its PID file then. */
function powerOnOf(paths: MachinePaths): string | undefined {
  return statSync(paths.pid, { throwIfNoEntry: false })?.mtime.toISOString();
}

/** What tells this machine from an earlier one of its name; undefined for one that is older than such marks. */
function lifeIn(paths: MachinePaths): string | undefined {
  return existsSync(paths.life) ? readFileSync(paths.life, "utf8") : undefined;
}

function nameOf(stateFolder: string, machineName: string): string {
  return `${basename(stateFolder)}-${machineName}`;
}

function pathsOf(properties: Properties): MachinePaths {
  const { stateFolder, machineName } = placeOf.parse(properties);
  return machinePaths(stateFolder, machineName);
}

function sameImage(old: unknown, wanted: unknown): boolean {
  const [a, b] = [digestOf.safeParse(old), digestOf.safeParse(wanted)];
  return a.success && b.success && a.data.digest === b.data.digest;
}
