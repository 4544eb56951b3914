/** The programs that the lab needs from the system, found by their commands and installed where that is allowed. */
import { existsSync } from "node:fs";
import { delimiter } from "node:path";
import { UserError, progress, progressDone, say } from "../host/messages";
import { findOnPath, run } from "../host/processes";

/** What programs are for: any lab; machines of this computer; their image, where it is built here. */
export type Part = "lab" | "qemu" | "image";
export const allParts: readonly Part[] = ["lab", "qemu", "image"];

interface SystemProgram {
  readonly command: string;
  readonly part: Part;
  /** Debian's and Ubuntu's package. */
  readonly debian: string;
  /** Homebrew's formula; undefined: not to be had, or already there, on macOS. */
  readonly brew: string | undefined;
  /** Needed only by users other than root. */
  readonly unprivilegedOnly?: true;
}

const emulators: Partial<Record<NodeJS.Architecture, SystemProgram>> = {
  x64: { command: "qemu-system-x86_64", part: "qemu", debian: "qemu-system-x86", brew: "qemu" },
  arm64: { command: "qemu-system-aarch64", part: "qemu", debian: "qemu-system-arm", brew: "qemu" },
};

const programs: readonly SystemProgram[] = [
  { command: "ssh", part: "lab", debian: "openssh-client", brew: undefined },
  { command: "qemu-img", part: "qemu", debian: "qemu-utils", brew: "qemu" },
  { command: "mmdebstrap", part: "image", debian: "mmdebstrap", brew: undefined },
  { command: "newuidmap", part: "image", debian: "uidmap", brew: undefined, unprivilegedOnly: true },
  { command: "mke2fs", part: "image", debian: "e2fsprogs", brew: "e2fsprogs" },
];

/** Not on every user's path. */
const administratorFolders = ["/usr/local/sbin", "/usr/sbin", "/sbin", "/opt/homebrew/opt/e2fsprogs/sbin"];

export interface Machine {
  readonly system: NodeJS.Platform;
  readonly architecture: NodeJS.Architecture;
  readonly root: boolean;
  /** Whether a command is there. */
  readonly has: (command: string) => boolean;
}

function thisMachine(): Machine {
  const searchPath = [process.env.PATH ?? "", ...administratorFolders].join(delimiter);
  return {
    system: process.platform,
    architecture: process.arch,
    root: process.getuid?.() === 0,
    has: (command) => findOnPath(command, searchPath) !== undefined,
  };
}

export interface Missing {
  readonly commands: readonly string[];
  /** In the words of the system's package manager, sorted. */
  readonly packages: readonly string[];
}

/** What a machine lacks for some parts; only what its package manager has. */
export function missingPackages(machine: Machine, parts: readonly Part[]): Missing {
  const emulator = emulators[machine.architecture];
  const needed = [...(emulator === undefined ? [] : [emulator]), ...programs].filter(
    (program) =>
      parts.includes(program.part) &&
      !(program.unprivilegedOnly === true && machine.root) &&
      packageName(program, machine) !== undefined &&
      !machine.has(program.command),
  );
  const packages = needed.map((program) => packageName(program, machine)).filter((name) => name !== undefined);
  return { commands: needed.map(({ command }) => command), packages: [...new Set(packages)].sort() };
}

function packageName(program: SystemProgram, machine: Machine): string | undefined {
  return machine.system === "darwin" ? program.brew : program.debian;
}

/** The one command that installs packages, to be copied. */
export function installCommand(machine: Machine, packages: readonly string[]): string {
  const names = packages.join(" ");
  if (machine.system === "darwin") return `brew install ${names}`;
  const sudo = machine.root ? "" : "sudo ";
  return `${sudo}apt-get update && ${sudo}apt-get install --yes --no-install-recommends ${names}`;
}

/**
 * Makes sure that everything for these parts is there: installs it as root on Debian and Ubuntu. None of the packages
 * brings a service, so nothing has to be kept from starting.
 * @throws UserError with the one command to run where that is the user's to do.
 */
export async function ensureSystemPackages(parts: readonly Part[]): Promise<void> {
  const machine = thisMachine();
  const missing = missingPackages(machine, parts);
  if (missing.packages.length === 0) return;
  const command = installCommand(machine, missing.packages);
  if (!machine.root || !existsSync("/etc/debian_version")) {
    throw new UserError(
      `This machine lacks ${missing.commands.join(", ")}. This installs what is missing:\n\n  ${command}\n`,
    );
  }
  say(`System packages: installing ${missing.packages.join(", ")} …`);
  // One list of many that cannot be fetched is no failure to apt, unless told, and none to the installation, mostly.
  const lists = await apt("-o", "APT::Update::Error-Mode=any", "update");
  const failure = await apt("install", "--yes", "--no-install-recommends", ...missing.packages);
  if (failure !== undefined) {
    const before = lists === undefined ? "" : `The package lists could not be fetched before:\n  ${lists}\n`;
    throw new UserError(
      `apt-get install failed:\n  ${failure}\n${before}Mend what it says, then run:\n\n  ${command}\n`,
    );
  }
  const still = missingPackages(thisMachine(), parts);
  if (still.commands.length > 0) {
    throw new UserError(`The packages were installed, but ${still.commands.join(", ")} cannot be found.`);
  }
}

/** @returns the last of what it said, when it failed. */
async function apt(...args: readonly string[]): Promise<string | undefined> {
  const result = await run("apt-get", ["-o", "DPkg::Lock::Timeout=300", ...args], {
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
    onLine: (line) => {
      progress(line);
    },
  });
  progressDone();
  return result.code === 0 ? undefined : result.stderr.trim().split("\n").slice(-6).join("\n  ");
}
