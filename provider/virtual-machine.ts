/**
 * `lab:index:VirtualMachine`: one QEMU process of this user and its folder. It outlives the provider; `read` looks at
 * the process itself, so a machine that died is seen by a refresh and powered on again by the next `up`.
 */
import { randomBytes } from "node:crypto";
import { existsSync, writeFileSync } from "node:fs";
import { basename, dirname } from "node:path";
import { z } from "zod";
import { withLock } from "../host/lock";
import { visitLock } from "../host/paths";
import { checkWith } from "../plugin/check";
import {
  canonical,
  compareInputs,
  type OperationContext,
  type Properties,
  type ResourceHandler,
} from "../plugin/handler";
import { type MachineInputs, machineInputsSchema } from "./machine-inputs";
import { comeUp, firstPowerOn, goOn, lifeIn, powerOnAgain, powerOnOf, runningAs } from "./machine-start";
import { machinePaths, type MachinePaths } from "./qemu/paths";
import { isIntact, removeMachine, withMachine } from "./qemu/power";
import { endMachine, processesOf } from "./qemu/process";
import { type Segments, segmentsOf } from "./qemu/segments";
import { standsStill } from "./qemu/suspend";
import { rewire } from "./qemu/wiring";

/** What a machine is made anew for; `image` by its digest alone and `nics` but for their segments, see `diff`. */
const replacing = ["stateFolder", "machineName", "memoryMiB", "cpus", "accelerator", "documents"] as const;

const digestOf = z.object({ digest: z.string() });
const placeOf = z.object({ stateFolder: z.string(), machineName: z.string() });
/** Cards as a state has them, which may lack the segment of one that is between two. */
const cardsOf = z.array(z.looseObject({ kind: z.string() }));
const runOf = z.object({ sshPort: z.number().optional(), powerOn: z.string().optional() });

export const virtualMachineHandler: ResourceHandler = {
  check: checkWith(machineInputsSchema),

  diff(old, inputs) {
    const { changed } = compareInputs(old.properties, inputs, replacing);
    const image = sameImage(old.properties.image, inputs.image) ? [] : ["image"];
    const { running, powerOn, folder } = old.properties;
    // What `read` leaves out: the machine is not the one that was made, or nobody has seen it come up.
    const gone = folder === undefined ? ["folder"] : [];
    const power = running === false ? ["running"] : powerOn === undefined ? ["powerOn"] : [];
    const others = sameCards(old.properties.nics, inputs.nics) ? [] : ["nics"];
    const moved = others.length === 0 && canonical(old.properties.nics) !== canonical(inputs.nics) ? ["nics"] : [];
    const replaces = [...changed, ...others, ...image, ...gone];
    return { changed: [...replaces, ...moved, ...power], replaces };
  },

  preview(inputs, old) {
    const paths = pathsOf(inputs);
    const run = old === undefined ? {} : runsOn(old);
    return { ...run, running: true, folder: paths.folder, consoleLog: paths.console };
  },

  create(inputs, context) {
    const machine = machineInputsSchema.parse(inputs);
    const paths = machinePaths(machine.stateFolder, machine.machineName);
    // What depends on the machine knows it by its id, and another machine is to be another one to it.
    const life = randomBytes(4).toString("hex");
    const id = [basename(machine.stateFolder), machine.machineName, life].join("/");
    return withMachine(paths, context, async () => {
      // Left by an `up` that was interrupted, or by a state that was lost.
      await removeMachine(paths);
      try {
        const outputs = await firstPowerOn(machine, paths, context);
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
    const running = found !== undefined && !(await standsStill(paths));
    const nics = cardsSeen(old.properties.nics, await segmentsOf(paths).catch(() => undefined));
    const state = { ...old.properties, running, nics };
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
   * sees one come up that an interrupted `up` has powered on. Cards that are on other segments are moved while it runs.
   */
  update(old, inputs, context) {
    const machine = machineInputsSchema.parse(inputs);
    const paths = machinePaths(machine.stateFolder, machine.machineName);
    return withNobodyVisiting(machine, paths, context, async () => {
      if (!isIntact(paths)) {
        throw new Error(`The disk in ${paths.folder} is gone. \`up --refresh\` makes the machine anew.`);
      }
      const outputs = await bringBack(old.properties, machine, paths, context);
      await bringHome(machine, paths, context);
      return { ...outputs, ...inputs };
    });
  },

  delete(old, context) {
    const paths = pathsOf(old.properties);
    return withMachine(paths, context, () => removeMachine(paths));
  },
};

async function bringBack(
  old: Properties,
  machine: MachineInputs,
  paths: MachinePaths,
  context: OperationContext,
): Promise<Properties> {
  const run = runOf.parse(old);
  try {
    await goOn(paths, context);
    const [found] = processesOf(paths);
    const since = found === undefined ? undefined : powerOnOf(paths);
    if (found !== undefined && since !== undefined && since === run.powerOn) {
      return { ...old, ...runningAs(found), running: true };
    }
    if (found !== undefined && since !== undefined) return await comeUp(machine, paths, runningAs(found), context);
    await endMachine(paths);
    return await powerOnAgain(machine, paths, run.sshPort, context);
  } catch (error) {
    // A machine that is off is what the next `up` sees and mends.
    await endMachine(paths);
    throw error;
  }
}

/** What an update leaves as it is: the run of a machine whose cards alone are moved. */
function runsOn({ running, powerOn, pid, sshHost, sshPort, activeAccelerator }: Properties): Properties {
  return running === true && powerOn !== undefined ? { powerOn, pid, sshHost, sshPort, activeAccelerator } : {};
}

/**
 * Has the machine for itself; where it is not at home, once nobody moves it, or looks at it where it is, any more. Whoever
 * does that has its lock before the machine's: they are taken in this order.
 */
async function withNobodyVisiting<T>(
  { nics, machineName }: MachineInputs,
  paths: MachinePaths,
  context: OperationContext,
  work: () => Promise<T>,
): Promise<T> {
  const alone = (): Promise<T> => withMachine(paths, context, work);
  const seen = cardsSeen(nics, await segmentsOf(paths).catch(() => undefined));
  if (canonical(seen) === canonical(nics)) return alone();
  const onWait = (pid: number): void => {
    context.info(
      `${machineName}: waiting for the process ${pid}, which visits networks with it. It is stopped with: kill -INT ${pid}`,
    );
  };
  return withLock(visitLock(dirname(paths.folder), machineName), onWait, alone, context.signal);
}

/** Each card to the segment that it is wanted on. */
async function bringHome({ nics, machineName }: MachineInputs, paths: MachinePaths, context: OperationContext) {
  for (const [card, nic] of nics.entries()) {
    context.signal.throwIfAborted();
    if (nic.kind === "segment" && (await rewire(paths, card, nic.segment))) {
      context.info(`${machineName} is on another segment now, and ran on.`);
    }
  }
}

/** The cards as they are: on the segments on which they are, as far as that can be told. */
function cardsSeen(nics: unknown, segments: Segments | undefined): unknown {
  const cards = cardsOf.safeParse(nics);
  if (!cards.success || segments === undefined) return nics;
  return cards.data.map((nic, card) =>
    nic.kind === "segment" && segments.has(card) ? { ...nic, segment: segments.get(card) } : nic,
  );
}

/** Whether they differ in nothing but the segments on which they are. */
function sameCards(old: unknown, wanted: unknown): boolean {
  const [a, b] = [old, wanted].map((nics) => {
    const cards = cardsOf.safeParse(nics);
    return cards.success
      ? cards.data.map((nic) => (nic.kind === "segment" ? { ...nic, segment: undefined } : nic))
      : nics;
  });
  return canonical(a) === canonical(b);
}

function pathsOf(properties: Properties): MachinePaths {
  const { stateFolder, machineName } = placeOf.parse(properties);
  return machinePaths(stateFolder, machineName);
}

function sameImage(old: unknown, wanted: unknown): boolean {
  const [a, b] = [digestOf.safeParse(old), digestOf.safeParse(wanted)];
  return a.success && b.success && a.data.digest === b.data.digest;
}
