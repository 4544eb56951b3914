/**
 * The accelerator that works. A device file proves nothing: under some hypervisors /dev/kvm opens and then hangs every
 * kernel. So a real kernel is started under it, with a time limit; without a root disk it panics, which ends QEMU.
 */
import { accessSync, constants, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { z } from "zod";
import { cacheFolder } from "../../host/paths";
import { runLong } from "../../host/long-process";
import { plainEnvironment, run } from "../../host/processes";
import type { OperationContext } from "../../plugin/handler";
import { sandboxOption } from "./command-line";
import { type Accelerator, acceleratorSchema, machineOption, type MachineType } from "./machine-types";

/** Milliseconds; a kernel that works needs about one second to panic. */
const probeLimit = 15_000;

const memorySchema = z.object({ machine: z.string(), best: acceleratorSchema, sandbox: z.boolean() });
/** What this machine's QEMU can do, as found by trying. */
export type Capabilities = z.infer<typeof memorySchema>;

/**
 * What the plan wants, checked to work.
 * @param kernel a guest kernel to try; undefined: the firmware alone is tried.
 * @throws when the wanted accelerator does not work here, with what to do.
 */
export async function chooseAccelerator(
  wanted: Accelerator | "auto",
  type: MachineType,
  kernel: string | undefined,
  context: OperationContext,
): Promise<{ accelerator: Accelerator; sandbox: boolean }> {
  const { best, sandbox } = await capabilities(type, kernel, context);
  if (wanted === "auto" || wanted === "tcg" || wanted === best) {
    return { accelerator: wanted === "auto" ? best : wanted, sandbox };
  }
  throw new Error(`accelerator is ${wanted}, which does not work here: ${reason(wanted)} Set it to auto or tcg.`);
}

/** Machines that are made side by side ask together. */
let asked: Promise<Capabilities> | undefined;

function capabilities(type: MachineType, kernel: string | undefined, context: OperationContext): Promise<Capabilities> {
  asked ??= findCapabilities(type, kernel, context).finally(() => (asked = undefined));
  return asked;
}

/** Tried once for each boot of this machine and version of QEMU, then remembered in the cache. */
async function findCapabilities(
  type: MachineType,
  kernel: string | undefined,
  context: OperationContext,
): Promise<Capabilities> {
  const path = join(cacheFolder(), "accelerator.json");
  const machine = await machineMark(type, kernel);
  const remembered = recall(path);
  if (remembered?.machine === machine) return remembered;
  context.progress("finding out which accelerator works");
  let best: Accelerator = "tcg";
  for (const candidate of type.accelerators) {
    if (candidate === "tcg" || (await works(type, candidate, kernel, context.signal))) {
      best = candidate;
      break;
    }
  }
  const found = { machine, best, sandbox: await sandboxWorks(type, context.signal) };
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${JSON.stringify(found)}\n`);
  return found;
}

async function works(
  type: MachineType,
  accelerator: Accelerator,
  kernel: string | undefined,
  signal: AbortSignal,
): Promise<boolean> {
  if (accelerator === "kvm" && !mayUse("/dev/kvm")) return false;
  const args = [
    ...["-machine", machineOption(type, accelerator), "-cpu", type.cpu[accelerator], "-m", "256"],
    ...["-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"],
  ];
  if (kernel === undefined) return endsInTime(type.emulator, [...args, "-S"], 1000, signal, "alive");
  return endsInTime(type.emulator, [...args, "-kernel", kernel, "-append", "panic=-1"], probeLimit, signal, "ended");
}

/** seccomp may be missing from QEMU or from this machine's kernel. */
function sandboxWorks(type: MachineType, signal: AbortSignal): Promise<boolean> {
  if (process.platform !== "linux") return Promise.resolve(false);
  const args = ["-machine", "none", "-nodefaults", "-display", "none", "-S", "-sandbox", sandboxOption];
  return endsInTime(type.emulator, args, 500, signal, "alive");
}

/**
 * Runs QEMU for at most `limit` milliseconds.
 * @returns whether it did what is expected of it: ended well before the limit, or was still alive then.
 */
async function endsInTime(
  emulator: string,
  args: readonly string[],
  limit: number,
  signal: AbortSignal,
  expected: "ended" | "alive",
): Promise<boolean> {
  const timeout = AbortSignal.timeout(limit);
  try {
    await runLong(emulator, args, { signal: AbortSignal.any([signal, timeout]) });
    return expected === "ended";
  } catch {
    signal.throwIfAborted();
    return expected === "alive" && timeout.aborted;
  }
}

function reason(wanted: Accelerator): string {
  if (wanted !== "kvm") return "this machine has another kind of processor or system.";
  if (!existsSync("/dev/kvm")) return "there is no /dev/kvm (no hardware virtualization, or it is off).";
  if (!mayUse("/dev/kvm")) {
    return "this user may not open /dev/kvm; `sudo usermod -aG kvm $USER` and a new login let it.";
  }
  return "/dev/kvm is there, but a kernel that was started under it did not run.";
}

function mayUse(path: string): boolean {
  try {
    accessSync(path, constants.R_OK | constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** Changes when another answer is possible: a boot of this machine, another QEMU, a login with other rights. */
async function machineMark(type: MachineType, kernel: string | undefined): Promise<string> {
  const version = await emulatorVersion(type);
  const rights = mayUse("/dev/kvm") ? "kvm" : "no kvm";
  return [bootMark(), version, rights, kernel === undefined ? "firmware" : "kernel"].join("|");
}

/** The line that QEMU says of itself. */
export async function emulatorVersion(type: MachineType): Promise<string> {
  const { stdout, code } = await run(type.emulator, ["--version"], { env: plainEnvironment() });
  if (code !== 0) throw missingEmulator(type);
  return stdout.split("\n")[0] ?? "";
}

function bootMark(): string {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  } catch {
    return "";
  }
}

export function missingEmulator({ emulator, packages }: MachineType): Error {
  const install =
    process.platform === "darwin" ? `brew install ${packages.brew}` : `sudo apt-get install -y ${packages.apt}`;
  return new Error(`${emulator} is not installed. Install it: ${install}`);
}

function recall(path: string): Capabilities | undefined {
  try {
    return memorySchema.parse(JSON.parse(readFileSync(path, "utf8")));
  } catch {
    return undefined;
  }
}
