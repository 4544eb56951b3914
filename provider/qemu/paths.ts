/** The files of one machine, in a folder of its own that nobody else may read. */
import { createHash } from "node:crypto";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { projectRoot } from "../../host/paths";

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
  readonly qmp: string;
  /** Leads to the guest's agent. */
  readonly agent: string;
  /** Where a saved machine is handed over. */
  readonly migration: string;
  /** Set when the sockets are not in `folder`. */
  readonly socketFolder: string | undefined;
}

/** Named relative to QEMU's working folder, which is the machine's. */
export const pidFileName = "qemu.pid";

export const lostSuffix = ".lost";

/** `sun_path` of a UNIX socket holds 108 bytes on Linux and 104 on macOS, the closing zero included. */
const maximumSocketPath = 103;

/** @param stateFolder relative to the project, or absolute. */
export function machinePaths(
  stateFolder: string,
  machineName: string,
  environment: NodeJS.ProcessEnv = process.env,
): MachinePaths {
  const folder = join(resolve(projectRoot, stateFolder), machineName);
  const inside = (name: string): string => join(folder, name);
  const longest = inside("migration.sock");
  const socketFolder = Buffer.byteLength(longest) <= maximumSocketPath ? undefined : shortFolder(folder, environment);
  const socket = (name: string): string => join(socketFolder ?? folder, `${name}.sock`);
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
    qmp: socket("qmp"),
    agent: socket("agent"),
    migration: socket("migration"),
    socketFolder,
  };
}

function shortFolder(folder: string, environment: NodeJS.ProcessEnv): string {
  const digest = createHash("sha256").update(folder).digest("hex").slice(0, 16);
  return join(environment.XDG_RUNTIME_DIR ?? tmpdir(), `ipv6lab-${digest}`);
}
