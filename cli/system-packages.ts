/** The programs that the lab needs from the system, found by their commands and installed where that is allowed. */
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { delimiter } from "node:path";
import { UserError, progress, progressDone, say } from "../host/messages";
import { findOnPath, run } from "../host/processes";

/** `lab`: to run it. `tests`: what `npm test` wants beside that, to read rendered files as the daemons do. */
export type Purpose = "lab" | "tests";

interface SystemProgram {
  readonly command: string;
  readonly purpose: Purpose;
  /** Debian's and Ubuntu's package; undefined: not needed on Linux. */
  readonly debian: string | undefined;
  /** Homebrew's formula; undefined: not to be had, or already there, on macOS. */
  readonly brew: string | undefined;
  /** Needed only by users other than root. */
  readonly unprivilegedOnly?: true;
}

const emulators: Partial<Record<NodeJS.Architecture, SystemProgram>> = {
  x64: { command: "qemu-system-x86_64", purpose: "lab", debian: "qemu-system-x86", brew: "qemu" },
  arm64: { command: "qemu-system-aarch64", purpose: "lab", debian: "qemu-system-arm", brew: "qemu" },
};

const programs: readonly SystemProgram[] = [
  { command: "qemu-img", purpose: "lab", debian: "qemu-utils", brew: "qemu" },
  { command: "mmdebstrap", purpose: "lab", debian: "mmdebstrap", brew: undefined },
  { command: "newuidmap", purpose: "lab", debian: "uidmap", brew: undefined, unprivilegedOnly: true },
  { command: "mke2fs", purpose: "lab", debian: "e2fsprogs", brew: "e2fsprogs" },
  { command: "zstd", purpose: "lab", debian: "zstd", brew: "zstd" },
  { command: "ssh", purpose: "lab", debian: "openssh-client", brew: undefined },
  { command: "shellcheck", purpose: "tests", debian: "shellcheck", brew: "shellcheck" },
  { command: "unbound-checkconf", purpose: "tests", debian: "unbound", brew: undefined },
  { command: "radvd", purpose: "tests", debian: "radvd", brew: undefined },
  { command: "kea-dhcp6", purpose: "tests", debian: "kea-dhcp6-server", brew: undefined },
  { command: "nft", purpose: "tests", debian: "nftables", brew: undefined },
  { command: "cloud-init", purpose: "tests", debian: "cloud-init", brew: undefined },
  { command: "jool", purpose: "tests", debian: "jool-tools", brew: undefined },
];

/** Daemons' programs are in the administrator's folders, which are not on every user's path. */
const administratorFolders = ["/usr/local/sbin", "/usr/sbin", "/sbin", "/opt/homebrew/opt/e2fsprogs/sbin"];

export interface Machine {
  readonly system: NodeJS.Platform;
  readonly architecture: NodeJS.Architecture;
  readonly root: boolean;
  /** Whether a command is there. */
  readonly has: (command: string) => boolean;
}

export function thisMachine(): Machine {
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

/** What a machine lacks for a purpose; only what its package manager has. */
export function missingPackages(machine: Machine, purpose: Purpose): Missing {
  const emulator = emulators[machine.architecture];
  const needed = [...(emulator === undefined ? [] : [emulator]), ...programs].filter(
    (program) =>
      (purpose === "tests" || program.purpose === "lab") &&
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
 * Makes sure that everything for the purpose is there: installs it as root on Debian and Ubuntu.
 * @throws UserError with the one command to run where that is the user's to do.
 */
export async function ensureSystemPackages(purpose: Purpose): Promise<void> {
  const machine = thisMachine();
  const missing = missingPackages(machine, purpose);
  if (missing.packages.length === 0) return;
  const command = installCommand(machine, missing.packages);
  if (!machine.root || !existsSync("/etc/debian_version")) {
    throw new UserError(`This machine lacks ${missing.commands.join(", ")}. Install them with:\n\n  ${command}\n`);
  }
  say(`System packages: installing ${missing.packages.join(", ")} …`);
  await withoutStartingServices(async () => {
    await apt(["update"], command);
    await apt(["install", "--yes", "--no-install-recommends", ...missing.packages], command);
  });
  const still = missingPackages(thisMachine(), purpose);
  if (still.commands.length > 0) {
    throw new UserError(`The packages were installed, but ${still.commands.join(", ")} cannot be found.`);
  }
}

async function apt(args: readonly string[], command: string): Promise<void> {
  const result = await run("apt-get", ["-o", "DPkg::Lock::Timeout=300", ...args], {
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
    onLine: (line) => {
      progress(`  ${line.slice(0, 70)}`);
    },
  });
  progressDone();
  if (result.code === 0) return;
  const words = result.stderr.trim().split("\n").slice(-6).join("\n  ");
  throw new UserError(`apt-get ${args[0] ?? ""} failed:\n  ${words}\nMend what it says, then run:\n\n  ${command}\n`);
}

const policyFile = "/usr/sbin/policy-rc.d";

/**
 * The daemons are wanted for their parsers, not to serve this machine: Debian's policy-rc.d (invoke-rc.d, Debian
 * Policy 9.3.3) keeps the packages from starting them, and systemd is told not to start them at the next boot.
 */
async function withoutStartingServices(work: () => Promise<void>): Promise<void> {
  const daemons = ["unbound.service", "radvd.service", "kea-dhcp6-server.service"];
  const before = daemons.filter((unit) => existsSync(`/usr/lib/systemd/system/${unit}`));
  const ours = !existsSync(policyFile);
  if (ours) writeFileSync(policyFile, "#!/bin/sh\nexit 101\n", { mode: 0o755 });
  try {
    await work();
  } finally {
    if (ours && readFileSync(policyFile, "utf8").endsWith("exit 101\n")) rmSync(policyFile);
  }
  const added = daemons.filter((unit) => !before.includes(unit) && existsSync(`/usr/lib/systemd/system/${unit}`));
  if (added.length > 0 && existsSync("/run/systemd/system")) await run("systemctl", ["disable", "--quiet", ...added]);
}
