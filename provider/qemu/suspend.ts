/**
 * Machines that are put aside as they run, and go on later: processor, memory and devices in a file beside the disk. That
 * file fits the disk of this very moment and no later one, so it is gone before the machine takes another step.
 */
import { randomBytes } from "node:crypto";
import {
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { basename } from "node:path";
import { z } from "zod";
import { messageOf } from "../../host/messages";
import type { OperationContext } from "../../plugin/handler";
import { emulatorVersion } from "./accelerator";
import { runInGuest } from "./agent";
import { type Described, readDescription, segmentSchema } from "./description";
import { segmentIn } from "./hub";
import { machineType } from "./machine-types";
import { type MachinePaths, machinePaths } from "./paths";
import { start, withMachine } from "./power";
import { endMachine, processesOf } from "./process";
import { ask, isOpenInGuest, queryStatus } from "./qmp";
import { loadState, saveState } from "./state-file";
import { settle, wiringsOf } from "./wiring";

/** Seconds for a guest to set its clock. Where it has no agent (qemu-ga(8)) it does so by itself, later. */
const guestLimit = 10;

const recordSchema = z.object({
  /** When it was suspended, ISO 8601. */
  since: z.string(),
  /** Of the power-on: what goes on is still that run. */
  poweredOn: z.string(),
  /** The line that QEMU says of itself. A state is for the version that wrote it. */
  emulator: z.string(),
  sshPort: z.number().optional(),
  /** Where its cards were: not where it was powered on, when it has been moved since. */
  segments: z.array(z.object({ card: z.int(), segment: segmentSchema })).default([]),
});
export type Suspension = z.infer<typeof recordSchema>;

/** Undefined: the machine is not suspended. */
export function suspensionOf(paths: MachinePaths): Suspension | undefined {
  if (!existsSync(paths.state) || !existsSync(paths.suspension)) return undefined;
  return recordSchema.parse(JSON.parse(readFileSync(paths.suspension, "utf8")));
}

export function forgetSuspension(paths: MachinePaths): void {
  for (const path of [paths.suspension, paths.state]) rmSync(path, { force: true });
}

/** The machines of a stack that have a folder, by name. */
export function stackMachines(stackFolder: string): MachinePaths[] {
  if (!existsSync(stackFolder)) return [];
  return readdirSync(stackFolder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => machinePaths(stackFolder, name))
    .sort((a, b) => a.folder.localeCompare(b.folder));
}

/**
 * Stops the machines at one moment, writes them down and ends them. When that does not work for all of them, all go on.
 * @returns their names.
 */
export async function suspendMachines(stackFolder: string, context: OperationContext): Promise<string[]> {
  const { signal } = context;
  return withMachines(stackMachines(stackFolder), context, async (machines) => {
    const running = machines.filter((paths) => processesOf(paths).length > 0);
    if (running.length === 0) return [];
    const emulator = await emulatorVersion(machineType());
    await Promise.all(running.map(settle));
    try {
      await Promise.all(running.map(({ qmp }) => ask(qmp, [{ execute: "stop" }])));
      await all(running.map((paths) => save(paths, emulator, signal)));
      signal.throwIfAborted();
    } catch (error) {
      await Promise.allSettled(running.map(goOn));
      signal.throwIfAborted();
      throw error;
    }
    await Promise.all(running.map(endMachine));
    return running.map(nameOf);
  });
}

/**
 * Brings the suspended machines of a stack back, and lets those go on that an interrupted run left standing.
 * @returns their names.
 * @throws Error when one of them cannot come back; then none has taken a step, and all are suspended as before.
 */
export async function resumeMachines(stackFolder: string, context: OperationContext): Promise<string[]> {
  return withMachines(stackMachines(stackFolder), context, async (machines) => {
    const stands = await Promise.all(machines.map(standsStill));
    const still = machines.filter((_, index) => stands[index]);
    const suspended = machines.filter((paths, index) => !stands[index] && suspensionOf(paths) !== undefined);
    try {
      await all(suspended.map((paths) => load(paths, context)));
    } catch (error) {
      await Promise.allSettled(suspended.map(endMachine));
      context.signal.throwIfAborted();
      throw error;
    }
    await Promise.all([...still, ...suspended].map(goOn));
    await Promise.all([...still, ...suspended].map((paths) => tellTime(paths, context)));
    return [...still, ...suspended].map(nameOf).sort();
  });
}

/**
 * Brings one machine back, as far as it is suspended or was left standing.
 * @returns whether it was.
 * @throws Error when it cannot come back.
 */
export async function resumeMachine(paths: MachinePaths, context: OperationContext): Promise<boolean> {
  const still = await standsStill(paths);
  if (!still && suspensionOf(paths) === undefined) return false;
  if (!still) await load(paths, context);
  await goOn(paths);
  await tellTime(paths, context);
  return true;
}

/** Whether its process is there with all that it was and does nothing: a `suspend` or `resume` was killed in the middle. */
export async function standsStill(paths: MachinePaths): Promise<boolean> {
  if (processesOf(paths).length === 0) return false;
  const status = await queryStatus(paths.qmp).catch(() => undefined);
  return status !== undefined && ["paused", "postmigrate", "finish-migrate", "save-vm"].includes(status);
}

async function save(paths: MachinePaths, emulator: string, signal: AbortSignal): Promise<void> {
  const [process] = processesOf(paths);
  const port = /,hostfwd=tcp:127\.0\.0\.1:(\d+)-/.exec(process?.commandLine ?? "")?.[1];
  const record: Suspension = {
    since: new Date().toISOString(),
    poweredOn: statSync(paths.pid).mtime.toISOString(),
    emulator,
    segments: [...(await wiringsOf(paths))].flatMap(([card, wiring]) => {
      const segment = segmentIn(wiring);
      return segment === undefined ? [] : [{ card, segment }];
    }),
    ...(port === undefined ? {} : { sshPort: Number(port) }),
  };
  const partial = `${paths.state}.partial`;
  try {
    await saveState(paths, { path: partial, withMemory: true }, signal);
    writeFileSync(paths.suspension, `${JSON.stringify(record)}\n`, { mode: 0o600 });
    renameSync(partial, paths.state);
  } finally {
    rmSync(partial, { force: true });
  }
}

async function load(paths: MachinePaths, context: OperationContext): Promise<void> {
  const suspension = suspensionOf(paths);
  if (suspension === undefined) throw new Error(`${nameOf(paths)} is not suspended.`);
  const here = await emulatorVersion(machineType());
  if (here !== suspension.emulator) {
    throw new Error(`${nameOf(paths)} was suspended by "${suspension.emulator}", and here is "${here}".`);
  }
  // Half-way through an earlier try.
  await endMachine(paths);
  context.progress(`resuming ${nameOf(paths)}`);
  const machine = where(suspension, readDescription(paths, { kind: "resume" }));
  const { sshPort } = await start(machine, suspension.sshPort, context);
  await loadState(paths, { path: paths.state, withMemory: true }, context.signal);
  if (sshPort !== suspension.sshPort) {
    context.warn(`${nameOf(paths)} is reached on another port now, ${sshPort ?? "none"}: \`npm run up\` takes it up.`);
  }
  const poweredOn = new Date(suspension.poweredOn);
  utimesSync(paths.pid, poweredOn, poweredOn);
}

/** The machine with its cards on the segments on which they were. */
function where({ segments }: Suspension, machine: Described): Described {
  const nics = machine.nics.map((nic, index) => {
    const was = segments.find(({ card }) => card === index);
    return nic.kind === "segment" && was !== undefined ? { ...nic, segment: was.segment } : nic;
  });
  return { ...machine, nics };
}

async function goOn(paths: MachinePaths): Promise<void> {
  forgetSuspension(paths);
  await ask(paths.qmp, [{ execute: "cont" }]);
}

/** The guest's clock stood still too, and the same state may go on more than once. */
async function tellTime(paths: MachinePaths, { signal, warn }: OperationContext): Promise<void> {
  const program = {
    path: "/usr/local/lib/ipv6-only-lab/resumed",
    args: [(Date.now() / 1000).toFixed(3)],
    stdin: randomBytes(256),
  };
  try {
    if (!(await isOpenInGuest(paths.qmp, "agent"))) throw new Error("no qemu-guest-agent runs in it");
    await runInGuest(paths.agent, program, guestLimit, signal);
  } catch (error) {
    signal.throwIfAborted();
    warn(`${nameOf(paths)} was not told the time, and is late until it asks for it itself: ${messageOf(error)}`);
  }
}

/** Waits for all to end, so that what follows a failure meets none in the middle. */
async function all(work: readonly Promise<void>[]): Promise<void> {
  const failed = (await Promise.allSettled(work)).find((each) => each.status === "rejected");
  if (failed !== undefined) throw failed.reason;
}

/**
 * Does work with all of their locks, taken in the order of their names. What the machines are is looked at with the locks
 * alone: who held one before has changed it.
 */
async function withMachines<T>(
  machines: readonly MachinePaths[],
  context: OperationContext,
  work: (machines: readonly MachinePaths[]) => Promise<T>,
): Promise<T> {
  const inside = machines.reduceRight(
    (next, paths) => () => withMachine(paths, context, next),
    () => work(machines),
  );
  return inside();
}

function nameOf(paths: MachinePaths): string {
  return basename(paths.folder);
}
