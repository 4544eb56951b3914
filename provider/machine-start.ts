/** How a machine comes to life: from a template or from its image, resumed, with its own disk again, or anew. */
import { existsSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import { withDeadline } from "../host/deadline";
import { messageOf } from "../host/messages";
import type { OperationContext, Properties } from "../plugin/handler";
import type { MachineInputs } from "./machine-inputs";
import { chooseAccelerator, emulatorVersion } from "./qemu/accelerator";
import { awaitRestoredSshd, awaitSshd } from "./qemu/boot";
import type { Start } from "./qemu/command-line";
import { machineType } from "./qemu/machine-types";
import type { MachinePaths } from "./qemu/paths";
import { layOut, start } from "./qemu/power";
import { endMachine, type MachineProcess } from "./qemu/process";
import { restore } from "./qemu/restore";
import { forgetSuspension, resumeMachine } from "./qemu/suspend";
import { discardTemplate, findTemplate, obtainTemplate, type Template, templateKey } from "./qemu/template";

/** The first power-on: from a template where there is one for such a machine, else from the image. */
export async function firstPowerOn(
  machine: MachineInputs,
  paths: MachinePaths,
  context: OperationContext,
): Promise<Properties> {
  return (await fromTemplate(machine, paths, undefined, context)) ?? bootFromImage(machine, paths, context);
}

/** Powers a machine on that was here before: with its disk, or anew where that is worth nothing. */
export async function powerOnAgain(
  machine: MachineInputs,
  paths: MachinePaths,
  preferredPort: number | undefined,
  context: OperationContext,
): Promise<Properties> {
  return (await anew(machine, paths, preferredPort, context)) ?? powerOn(machine, paths, preferredPort, context);
}

/** Resumes what was suspended. What cannot go on boots, with the disk as a loss of power would have left it. */
export async function goOn(paths: MachinePaths, context: OperationContext): Promise<void> {
  try {
    await resumeMachine(paths, context);
  } catch (error) {
    context.signal.throwIfAborted();
    await endMachine(paths);
    forgetSuspension(paths);
    context.warn(`${basename(paths.folder)} boots, because it could not be resumed: ${messageOf(error)}`);
  }
}

/** The first boot, from the image, whether there is a template or not. */
export async function bootFromImage(
  machine: MachineInputs,
  paths: MachinePaths,
  context: OperationContext,
): Promise<Properties> {
  await layOut(paths, machine.image, machine.documents, context);
  return powerOn(machine, paths, undefined, context);
}

/** Seconds after which a restored machine is better booted. A busy emulated one is there within 30. */
const restoredLimit = 240;

/** Templates that could not be made, by their key: another try would take as long again. */
const hopeless = new Set<string>();

/** A disposable machine that was lost is restored from its template, if there is one: that is quicker than to boot. */
async function anew(
  machine: MachineInputs,
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

/** What tells machines of one template from those of another. */
export type MachineKind = Pick<MachineInputs, "image" | "memoryMiB" | "cpus" | "accelerator">;

/** The key of the template that such a machine is restored from, and the template, as far as it was made. */
async function templateOf(machine: MachineKind, context: OperationContext) {
  const { kernel, kernelArguments, digest } = machine.image;
  const here = await chosen(machine, kernel, context);
  // A distribution's image has no gate.
  if (kernel === undefined || !here.type.templates.includes(here.accelerator)) return undefined;
  const description = { ...machine, ...here, kernelArguments };
  const key = templateKey(description, digest, await emulatorVersion(here.type));
  return { key, description, found: findTemplate(key) };
}

/** The first boot, from where a template was saved; undefined where there is none for such a machine. */
export async function fromTemplate(
  machine: MachineInputs,
  paths: MachinePaths,
  port: number | undefined,
  context: OperationContext,
): Promise<Properties | undefined> {
  const wanted = await templateOf(machine, context);
  if (wanted === undefined || hopeless.has(wanted.key)) return undefined;
  let template: Template | undefined;
  try {
    template = wanted.found ?? (await makeTemplate(machine, context));
    if (template === undefined) return undefined;
    await layOut(paths, machine.image, machine.documents, context, template);
    return await powerOn(machine, paths, port, context, template);
  } catch (error) {
    context.signal.throwIfAborted();
    hopeless.add(wanted.key);
    if (template !== undefined) discardTemplate(template);
    await endMachine(paths);
    rmSync(paths.folder, { recursive: true, force: true });
    context.warn(`${machine.machineName} boots, because its template is of no use: ${messageOf(error)}`);
    return undefined;
  }
}

/** Makes the template of such machines, or finds it. Undefined: there are none for them. */
export async function makeTemplate(machine: MachineKind, context: OperationContext): Promise<Template | undefined> {
  const wanted = await templateOf(machine, context);
  if (wanted === undefined) return undefined;
  const nobody = { metaData: "", userData: "", networkConfig: "" };
  const { key, description } = wanted;
  return obtainTemplate(key, description, (place) => layOut(place, machine.image, nobody, context), context);
}

/** What this computer brings to a machine. */
async function chosen({ accelerator }: MachineKind, kernel: string | undefined, context: OperationContext) {
  const type = machineType();
  return { type, ...(await chooseAccelerator(accelerator, type, kernel, context)) };
}

/** @param template what it goes on from; undefined: its disk boots. */
async function powerOn(
  machine: MachineInputs,
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
  await withDeadline(restoredLimit, late, context.signal, async (signal) => {
    if (sshPort !== undefined) await awaitRestoredSshd(name, paths, { ...context, signal });
  });
  return outputsOf(paths, run);
}

/** What a process alone shows of a machine. */
interface Run {
  readonly pid: number;
  readonly sshPort: number | undefined;
  readonly activeAccelerator: string | undefined;
}

export function runningAs({ pid, commandLine }: MachineProcess): Run {
  const port = /,hostfwd=tcp:127\.0\.0\.1:(\d+)-/.exec(commandLine)?.[1];
  return {
    pid,
    sshPort: port === undefined ? undefined : Number(port),
    activeAccelerator: /,accel=(\w+)/.exec(commandLine)?.[1],
  };
}

export async function comeUp(
  { stateFolder, machineName }: MachineInputs,
  paths: MachinePaths,
  run: Run,
  context: OperationContext,
): Promise<Properties> {
  if (run.sshPort !== undefined) await awaitSshd(nameOf(stateFolder, machineName), run.sshPort, paths, context);
  return outputsOf(paths, run);
}

function outputsOf(paths: MachinePaths, run: Run): Properties {
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
export function powerOnOf(paths: MachinePaths): string | undefined {
  return statSync(paths.pid, { throwIfNoEntry: false })?.mtime.toISOString();
}

/** What tells this machine from an earlier one of its name; undefined for one that is older than such marks. */
export function lifeIn(paths: MachinePaths): string | undefined {
  return existsSync(paths.life) ? readFileSync(paths.life, "utf8") : undefined;
}

function nameOf(stateFolder: string, machineName: string): string {
  return `${basename(stateFolder)}-${machineName}`;
}
