/** The files of one machine, in a folder of its own that nobody else may read. */
import { join, resolve } from "node:path";
import { projectRoot, realFolder } from "../../host/paths";

export interface MachinePaths {
  readonly folder: string;
  /** The folder of the machine that was here before and was lost. */
  readonly lost: string;
  /** Holds what tells this machine from others that were here. */
  readonly life: string;
  /** The image's files, kept alive here when the cache is deleted. */
  readonly base: string;
  readonly kernel: string;
  readonly initrd: string;
  /** What the machine has written. */
  readonly overlay: string;
  readonly seed: string;
  /** What the machine is, for those who know nothing but its folder. */
  readonly description: string;
  /** Processor, memory and devices of a machine that is suspended. */
  readonly state: string;
  /** Since when it is, and what it was. */
  readonly suspension: string;
  /** The disk of the template that the overlay stands on, if it does. */
  readonly template: string;
  readonly pid: string;
  /** What QEMU itself says. */
  readonly log: string;
  readonly console: string;
  /** Console of the power-on before. */
  readonly previousConsole: string;
  /** The line to the guest's agent, which `pipes.ts` knows how to use. */
  readonly agent: string;
  /** This and the next may be longer than the kernel takes: `sockets.ts` knows how they are reached. */
  readonly qmp: string;
  /** Where a saved machine is handed over. */
  readonly migration: string;
}

/** Named relative to QEMU's working folder, which is the machine's. */
export const pidFileName = "qemu.pid";

export const lostSuffix = ".lost";

/** @param stateFolder relative to the project, or absolute. */
export function machinePaths(stateFolder: string, machineName: string): MachinePaths {
  const folder = join(realFolder(resolve(projectRoot, stateFolder)), machineName);
  const inside = (name: string): string => join(folder, name);
  return {
    folder,
    lost: `${folder}${lostSuffix}`,
    life: inside("life"),
    base: inside("base.img"),
    kernel: inside("kernel"),
    initrd: inside("initrd"),
    overlay: inside("disk.qcow2"),
    seed: inside("seed"),
    description: inside("description.json"),
    state: inside("state"),
    suspension: inside("suspension.json"),
    template: inside("template.qcow2"),
    pid: inside(pidFileName),
    log: inside("qemu.log"),
    console: inside("console.log"),
    previousConsole: inside("console.previous.log"),
    agent: inside("agent"),
    qmp: inside("qmp.sock"),
    migration: inside("migration.sock"),
  };
}
