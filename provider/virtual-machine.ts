/**
 * `lab:index:VirtualMachine`: one QEMU process of this user and its folder. It outlives the provider; `read` looks at
 * the process itself, so a machine that died is seen by a refresh and powered on again by the next `up`.
 */
import { randomBytes } from "node:crypto";
import { existsSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import { z } from "zod";
import { checkWith } from "../plugin/check";
import { compareInputs, type Properties, type ResourceHandler } from "../plugin/handler";
import { machineInputsSchema } from "./machine-inputs";
import { comeUp, firstPowerOn, goOn, lifeIn, powerOnAgain, powerOnOf, runningAs } from "./machine-start";
import { machinePaths, type MachinePaths } from "./qemu/paths";
import { isIntact, removeMachine, withMachine } from "./qemu/power";
import { endMachine, processesOf } from "./qemu/process";
import { standsStill } from "./qemu/suspend";

/** What a machine is made anew for; `image` by its digest alone, see `diff`. */
const replacing = ["stateFolder", "machineName", "memoryMiB", "cpus", "accelerator", "nics", "documents"] as const;

const digestOf = z.object({ digest: z.string() });
const placeOf = z.object({ stateFolder: z.string(), machineName: z.string() });
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
    return { changed: [...changed, ...image, ...gone, ...power], replaces: [...changed, ...image, ...gone] };
  },

  preview(inputs) {
    const paths = pathsOf(inputs);
    return { running: true, folder: paths.folder, consoleLog: paths.console };
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
    const machine = machineInputsSchema.parse(inputs);
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
        return { ...inputs, ...(await powerOnAgain(machine, paths, run.sshPort, context)) };
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

function pathsOf(properties: Properties): MachinePaths {
  const { stateFolder, machineName } = placeOf.parse(properties);
  return machinePaths(stateFolder, machineName);
}

function sameImage(old: unknown, wanted: unknown): boolean {
  const [a, b] = [digestOf.safeParse(old), digestOf.safeParse(wanted)];
  return a.success && b.success && a.data.digest === b.data.digest;
}
