/** Lays out a machine's folder, and starts QEMU on it. */
import {
  chmodSync,
  closeSync,
  existsSync,
  linkSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { copyFile } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { CloudInitDocuments } from "../../cloud-init/documents";
import { withLock } from "../../host/lock";
import { findOnPath } from "../../host/processes";
import type { OperationContext } from "../../plugin/handler";
import { ProgramFailure, runLong } from "../../host/long-process";
import { type MachineDescription, qemuArguments } from "./command-line";
import { type Described, writeDescription } from "./description";
import { missingEmulator } from "./accelerator";
import type { MachinePaths } from "./paths";
import { becomesFree, freeTcpPort } from "./ports";
import { endMachine, startMachine } from "./process";
import { forgetSockets } from "./sockets";
import type { Template } from "./template";

/** Bytes that a guest's disk has at least; a cloud image's is often too small for its packages. */
const minimumDisk = "8G";
const startTries = 5;
/**
 * Refusals that pass: another program was quicker to take the port, or the kernel is still closing the files of the
 * machine's process that was killed a moment ago.
 */
const passing = /Could not set up host forwarding rule|Cannot lock pid file|Failed to get .* lock/;

export interface ImageFiles {
  readonly disk: string;
  readonly format: "qcow2" | "raw";
  readonly kernel?: string | undefined;
  readonly initrd?: string | undefined;
}

/**
 * Makes the folder with disk and seed. Throws and leaves the rest to `removeMachine` when something is in the way.
 * @param template whose disk the machine goes on with; undefined: the image's.
 */
export async function layOut(
  paths: MachinePaths,
  image: ImageFiles,
  documents: CloudInitDocuments,
  context: OperationContext,
  template?: Template,
): Promise<void> {
  const missing = [image.disk, image.kernel, image.initrd].find((path) => path !== undefined && !existsSync(path));
  if (missing !== undefined) {
    throw new Error(`The image's file ${missing} is gone. Run \`up\` again: it makes the image anew.`);
  }
  mkdirSync(paths.folder, { recursive: true, mode: 0o700 });
  chmodSync(paths.folder, 0o700);
  mkdirSync(paths.seed, { mode: 0o700 });
  for (const [name, text] of [
    ["meta-data", documents.metaData],
    ["user-data", documents.userData],
    ["network-config", documents.networkConfig],
  ] as const) {
    writeFileSync(`${paths.seed}/${name}`, text, { mode: 0o600 });
  }
  await keepImage(paths, image, context);
  if (template !== undefined) await keep(template.disk, paths.template, copyFile);
  await makeOverlay(paths, template === undefined ? image.format : "qcow2", template !== undefined, context);
}

/** Second names for the image's files: the machine can be powered on again after the cache was deleted. */
async function keepImage(paths: MachinePaths, image: ImageFiles, context: OperationContext): Promise<void> {
  await keep(image.disk, paths.base, () => {
    context.progress("copying the image: the cache is on another file system");
    return qemuImg(["convert", "-f", image.format, "-O", image.format, image.disk, paths.base], context);
  });
  if (image.kernel !== undefined) await keep(image.kernel, paths.kernel, copyFile);
  if (image.initrd !== undefined) await keep(image.initrd, paths.initrd, copyFile);
}

async function keep(from: string, to: string, copy: (from: string, to: string) => Promise<void>): Promise<void> {
  try {
    linkSync(from, to);
  } catch (error) {
    if (!isCrossDevice(error)) throw error;
    await copy(from, to);
  }
}

/** EXDEV: another file system. EPERM, EMLINK: this one has no (more) second names. */
function isCrossDevice(error: unknown): boolean {
  return error instanceof Error && "code" in error && ["EXDEV", "EPERM", "EMLINK"].includes(String(error.code));
}

/** What is below is named relative to the overlay, so that a moved project still starts. */
async function makeOverlay(
  paths: MachinePaths,
  format: ImageFiles["format"],
  onTemplate: boolean,
  context: OperationContext,
): Promise<void> {
  const size = format === "qcow2" && !onTemplate ? [minimumDisk] : [];
  const below = basename(onTemplate ? paths.template : paths.base);
  await qemuImg(["create", "-q", "-f", "qcow2", "-F", format, "-b", below, paths.overlay, ...size], context);
}

async function qemuImg(args: readonly string[], { signal }: OperationContext): Promise<void> {
  try {
    await runLong("qemu-img", args, { signal });
  } catch (error) {
    if (!(error instanceof ProgramFailure)) throw error;
    if (error.code === undefined) {
      throw new Error("qemu-img is not installed. Install it: sudo apt-get install -y qemu-utils", { cause: error });
    }
    throw new Error(diskProblem(error.output) ?? error.message, { cause: error });
  }
}

function diskProblem(output: string): string | undefined {
  return output.includes("No space left on device")
    ? "The disk is full: a machine needs up to 2 GiB in the project's .lab folder. Make room there, then run `up` again."
    : undefined;
}

export interface PoweredOn {
  readonly pid: number;
  readonly sshPort: number | undefined;
}

/**
 * Starts QEMU and returns when it runs the guest's processor, or waits for a state.
 * @param preferredPort the port that SSH had before, kept if it is still free.
 */
export async function start(
  machine: Described,
  preferredPort: number | undefined,
  context: OperationContext,
): Promise<PoweredOn> {
  const { paths, type } = machine;
  if (findOnPath(type.emulator) === undefined) throw missingEmulator(type);
  if (existsSync(paths.console)) renameSync(paths.console, paths.previousConsole);
  rmSync(paths.qmp, { force: true });
  if (machine.start.kind !== "resume") writeDescription(machine);
  const { pid, status, sshPort } = await launch(machine, preferredPort, context);
  if (status !== (["restore", "resume"].includes(machine.start.kind) ? "inmigrate" : "running")) {
    throw new Error(`QEMU started ${machine.name}, but it is not running: ${status}. Its console is ${paths.console}.`);
  }
  return { pid, sshPort };
}

async function launch(
  machine: Described,
  preferredPort: number | undefined,
  context: OperationContext,
): Promise<{ pid: number; status: string; sshPort: number | undefined }> {
  const wantsPort = machine.nics.some((nic) => nic.kind === "user" && nic.sshForward);
  for (let attempt = 1; ; attempt += 1) {
    const sshPort = wantsPort ? await choosePort(attempt === 1 ? preferredPort : undefined) : undefined;
    try {
      const args = qemuArguments({ ...machine, sshPort });
      return { ...(await startMachine(machine.type.emulator, args, machine.paths, context.signal)), sshPort };
    } catch (error) {
      if (!(error instanceof ProgramFailure)) throw error;
      if (attempt === startTries || !passing.test(error.output)) {
        throw new Error(explain(error.output, machine), { cause: error });
      }
      await delay(200, undefined, { signal: context.signal });
    }
  }
}

async function choosePort(preferred: number | undefined): Promise<number> {
  return preferred !== undefined && (await becomesFree(preferred)) ? preferred : freeTcpPort();
}

/** What QEMU's refusal means for the user. */
export function explain(output: string, machine: Pick<MachineDescription, "name" | "memoryMiB">): string {
  const said = output.trim();
  if (said.includes("Could not access KVM kernel module: Permission denied")) {
    return "This user may not open /dev/kvm; `sudo usermod -aG kvm $USER` and a new login let it.";
  }
  if (said.includes("cannot set up guest memory")) {
    return `${machine.name} needs ${machine.memoryMiB} MiB of memory, more than is free here. Give it less, or make room.`;
  }
  if (/bridge helper failed|failed to parse default acl file|access denied by acl file/.test(said)) {
    return `QEMU may not use the bridge: ${said}. Allow it with a line \`allow BRIDGE\` in /etc/qemu/bridge.conf, and let qemu-bridge-helper run as root (chmod u+s).`;
  }
  return diskProblem(said) ?? `QEMU did not start ${machine.name}: ${said}`;
}

/**
 * One operation on a machine at a time: the provider of an `up` that was killed may still be cleaning up when the next
 * one begins.
 */
export async function withMachine<T>(
  paths: MachinePaths,
  { progress, signal }: Pick<OperationContext, "progress" | "signal">,
  work: () => Promise<T>,
): Promise<T> {
  const onWait = (pid: number): void => {
    progress(`waiting for the process ${pid}, which works on the same machine`);
  };
  try {
    return await withLock(`${paths.folder}.lock`, onWait, work, signal);
  } finally {
    const stack = dirname(paths.folder);
    [stack, dirname(stack)].forEach(removeIfEmpty);
  }
}

/** Ends the machine and removes all of its files. */
export async function removeMachine(paths: MachinePaths): Promise<void> {
  await endMachine(paths);
  for (const folder of [paths.folder, paths.lost]) rmSync(folder, { recursive: true, force: true });
  forgetSockets(paths.folder);
}

function removeIfEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    // Other machines, or other stacks, are still in it.
  }
}

/** Whether the machine can be powered on: the disk and what it stands on are there. */
export function isIntact(paths: MachinePaths): boolean {
  const below = existsSync(paths.overlay) && standsOnTemplate(paths) ? [paths.template] : [];
  return [paths.overlay, paths.base, paths.seed, ...below].every((path) => existsSync(path));
}

/** What a qcow2 file stands on is written in its first cluster. */
function standsOnTemplate({ overlay, template }: MachinePaths): boolean {
  const head = Buffer.alloc(1024);
  const file = openSync(overlay, "r");
  try {
    readSync(file, head);
  } finally {
    closeSync(file);
  }
  return head.includes(basename(template));
}
