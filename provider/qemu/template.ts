/**
 * Templates: a guest that was booted once, as nobody in particular, up to where cloud-init would make it somebody, and
 * saved there. A machine that is restored from one goes on from that point with documents of its own, which spares it
 * the first half of a boot. Memory and disk are read by all and written to by none: each keeps its own changes.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { cpus } from "node:os";
import { basename, dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { tryAcquire, withLock } from "../../host/lock";
import { cacheFolder, realFolder } from "../../host/paths";
import type { OperationContext } from "../../plugin/handler";
import { consoleProblem } from "./console";
import { type MachineDescription, qemuArguments } from "./command-line";
import { type MachinePaths, machinePaths } from "./paths";
import { removePipes } from "./pipes";
import { endMachine, machineProcesses, processesOf, startMachine } from "./process";
import { ask } from "./qmp";
import { forgetSockets } from "./sockets";
import { saveState } from "./state-file";

/** Seconds that a template may take to boot. Twice of what the slowest machine that was tried needed. */
const bootLimit = 240;
/** What the gate of a template says on its console (image/files/…/gate). */
const gateMark = "ipv6-only-lab: this template waits for a personality";

export interface Template {
  readonly folder: string;
  /** What the template wrote while it booted; stands on the image by the name that the image has beside it. */
  readonly disk: string;
  readonly memory: string;
  /** Of processor and devices. */
  readonly state: string;
}

/** A machine whose name, cards and files do not matter yet. */
export type TemplateDescription = Pick<
  MachineDescription,
  "type" | "accelerator" | "memoryMiB" | "cpus" | "kernelArguments" | "sandbox"
>;

export function templatesFolder(): string {
  return realFolder(join(cacheFolder(), "templates"));
}

/** Everything that a saved state depends on: another image, emulator, processor or amount of memory is another template. */
export function templateKey(description: TemplateDescription, imageDigest: string, emulatorVersion: string): string {
  const args = qemuArguments(describe(description, machinePaths("/", "template")));
  const made = [imageDigest, emulatorVersion, cpus()[0]?.model ?? "", ...args];
  return createHash("sha256").update(JSON.stringify(made)).digest("hex").slice(0, 32);
}

export function findTemplate(key: string, folder = templatesFolder()): Template | undefined {
  const home = join(folder, key);
  const template = {
    folder: home,
    disk: join(home, "disk.qcow2"),
    memory: join(home, "memory"),
    state: join(home, "state"),
  };
  return [template.disk, template.memory, template.state].every((path) => existsSync(path)) ? template : undefined;
}

/**
 * The template of this key, made when it is not there yet. Two at once: the second waits.
 * @param layOut puts the image's files and an empty overlay into the folder that it is given.
 * @throws Error when the guest does not come to its gate; nothing is left of it then.
 */
export async function obtainTemplate(
  key: string,
  description: TemplateDescription,
  layOut: (paths: MachinePaths) => Promise<void>,
  context: OperationContext,
): Promise<Template> {
  const folder = templatesFolder();
  const found = findTemplate(key, folder);
  if (found !== undefined) return found;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const onWait = (pid: number): void => {
    context.progress(`waiting for the process ${pid}, which is making the same template`);
  };
  const make = async (): Promise<Template> =>
    findTemplate(key, folder) ?? (await makeWhole(key, description, layOut, context));
  return withLock(lockOf(folder, key), onWait, make, context.signal);
}

/** A template that no machine could be restored from. Machines that run from it keep what they have open. */
export function discardTemplate({ folder }: Template): void {
  rmSync(folder, { recursive: true, force: true });
}

async function makeWhole(
  key: string,
  description: TemplateDescription,
  layOut: (paths: MachinePaths) => Promise<void>,
  context: OperationContext,
): Promise<Template> {
  const folder = templatesFolder();
  // What an `up` that was killed left running.
  for (const path of partialTemplates(folder, key)) await removePartial(path);
  const partial = mkdtempSync(join(folder, `${key}.partial-`));
  const paths = machinePaths(folder, basename(partial));
  try {
    await layOut(paths);
    await boot(describe(description, paths), paths, context);
    // The memory is in its file already, so that the state is small.
    await ask(paths.qmp, [{ execute: "stop" }]);
    await saveState(paths, { path: join(paths.folder, "state"), withMemory: false }, context.signal);
    await endMachine(paths);
    for (const path of [paths.seed, paths.log, paths.pid]) rmSync(path, { recursive: true, force: true });
    removePipes(paths.agent);
    renameSync(partial, join(folder, key));
  } finally {
    await endMachine(paths);
    rmSync(partial, { recursive: true, force: true });
    forgetSockets(partial);
  }
  const made = findTemplate(key, folder);
  if (made === undefined) throw new Error(`The template in ${join(folder, key)} is not whole.`);
  return made;
}

/** Ends and removes the templates that an `up` was making when it was killed; one that is being made is left alone. */
export async function removeAbandonedTemplates(folder = templatesFolder()): Promise<void> {
  for (const path of partialTemplates(folder)) {
    const lock = lockOf(folder, basename(path).replace(/\.partial-.*/, ""));
    // The first try finds out that a lock's owner is dead.
    if (!tryAcquire(lock) && !tryAcquire(lock)) continue;
    try {
      await removePartial(path);
    } finally {
      rmSync(lock, { force: true });
    }
  }
}

/** By their folders and by their processes: either may be there without the other. */
function partialTemplates(folder: string, key = ""): Set<string> {
  const running = machineProcesses().map((each) => each.folder);
  const left = existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : [];
  const name = new RegExp(`^${key === "" ? "[0-9a-f]+" : key}\\.partial-`);
  return new Set([...running, ...left].filter((path) => dirname(path) === folder && name.test(basename(path))));
}

async function removePartial(path: string): Promise<void> {
  await endMachine(machinePaths(dirname(path), basename(path)));
  rmSync(path, { recursive: true, force: true });
  forgetSockets(path);
}

function lockOf(folder: string, key: string): string {
  return join(folder, `${key}.lock`);
}

function describe(description: TemplateDescription, paths: MachinePaths): MachineDescription {
  return {
    ...description,
    name: "template",
    kernel: paths.kernel,
    initrd: paths.initrd,
    nics: [],
    sshPort: undefined,
    start: { kind: "template", memory: join(paths.folder, "memory") },
    paths,
  };
}

async function boot(
  machine: MachineDescription,
  paths: MachinePaths,
  { signal, progress }: OperationContext,
): Promise<void> {
  await startMachine(machine.type.emulator, qemuArguments(machine), paths, signal);
  const started = Date.now();
  for (let told = 0; ;) {
    const said = existsSync(paths.console) ? readFileSync(paths.console, "utf8") : "";
    if (said.includes(gateMark)) return;
    const problem = consoleProblem(said) ?? (processesOf(paths).length === 0 ? "it ended" : undefined);
    if (problem !== undefined) throw new Error(`it did not boot: ${problem}`);
    const seconds = Math.round((Date.now() - started) / 1000);
    if (seconds > bootLimit) throw new Error(`it did not boot within ${bootLimit} s`);
    if (seconds >= told + 5) {
      progress(`booting a template, once for all machines of this kind: ${seconds} s of about 40`);
      told = seconds;
    }
    await delay(200, undefined, { signal });
  }
}
