/** Makes a guest image with mmdebstrap: as root, or unprivileged in a user namespace. */
import { chmodSync, closeSync, existsSync, fchmodSync, mkdtempSync, openSync, readdirSync, rmSync } from "node:fs";
import { copyFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findOnPath, plainEnvironment } from "../../host/processes";
import type { OperationContext } from "../../plugin/handler";
import { type LongProcessOptions, ProgramFailure, runLong } from "../../host/long-process";
import { debianMirror, readAptSources } from "./apt-sources";
import { shellQuote } from "../../ssh/shell";
import type { Recipe } from "./recipe";
import { requireSpace } from "./store";

/** Size of the guest's disk; sparse, so that only what is written takes room. */
const diskSize = "8G";
/** Mebibytes: the root file system while it is made, and the disk. */
const rootSpace = 1200;
const diskSpace = 1200;

export const builtFiles = { disk: "disk.raw", format: "raw", kernel: "kernel", initrd: "initrd" } as const;

const archiveKeys = "/usr/share/keyrings/debian-archive-keyring.gpg";

/** Fills `folder` with the disk and the kernel of the recipe. */
export async function buildImage(recipe: Recipe, folder: string, context: OperationContext): Promise<void> {
  const isRoot = process.getuid?.() === 0;
  requireTools(isRoot);
  requireSpace(folder, isRoot ? rootSpace + diskSpace : diskSpace, "The guest image");
  // A user namespace cannot walk through a home that is closed to others, so an unprivileged build works elsewhere, in
  // a folder in which only this user, and then only the namespace's root, may write.
  const work = mkdtempSync(join(isRoot ? folder : tmpdir(), "rootfs-"));
  try {
    if (!isRoot) requireSpace(work, rootSpace, "The root file system of the guest image");
    chmodSync(work, 0o711);
    await makeRoot(recipe, work, isRoot, context);
    await makeDisk(work, folder, isRoot, context);
  } finally {
    await removeWork(work, isRoot);
  }
}

/** What leads apt to its mirror, and lets it check who answers. */
const proxies = /^((https?|ftp|all|no)_proxy|SSL_CERT_(FILE|DIR))$/i;

/** One stage of mmdebstrap's in words, by the beginning of its own line. */
const stages: readonly (readonly [string, string])[] = [
  ["I: running apt-get update", "asking the package mirror"],
  ["I: downloading packages", "downloading packages"],
  ["I: extracting archives", "unpacking the base system"],
  ["I: installing essential", "installing the base system"],
  ["I: installing remaining", "installing the guest's packages and building Jool's module"],
  ["I: running --customize-hook", "configuring the guest"],
  ["I: cleaning", "cleaning up"],
];

async function makeRoot(recipe: Recipe, work: string, isRoot: boolean, context: OperationContext): Promise<void> {
  const mirror = recipe.mirror ?? debianMirror(readAptSources());
  try {
    await runLong("mmdebstrap", mmdebstrapArguments(recipe, mirror, join(work, "root"), isRoot), {
      signal: context.signal,
      cwd: work,
      env: {
        ...plainEnvironment(proxies),
        ...recipe.environment,
        ...{ LC_ALL: "C.UTF-8", TMPDIR: work, LAB_JOOL: recipe.jool },
      },
      onLine: (line) => {
        const stage = stages.find(([start]) => line.startsWith(start));
        if (stage !== undefined) context.progress(`building the guest image: ${stage[1]}`);
      },
    });
  } catch (error) {
    if (error instanceof ProgramFailure) throw new Error(explain(error.output, mirror), { cause: error });
    throw error;
  }
}

/** The exact command line. Without a mirror mmdebstrap takes Debian's own. */
export function mmdebstrapArguments(
  recipe: Recipe,
  mirror: string | undefined,
  root: string,
  isRoot: boolean,
  hooks: string = __dirname,
): readonly string[] {
  // mmdebstrap gives it to a shell.
  const hook = (name: string): string => `${shellQuote(join(hooks, name))} "$1"`;
  return [
    `--mode=${isRoot ? "root" : "unshare"}`,
    "--variant=minbase",
    "--format=directory",
    `--architectures=${recipe.architecture}`,
    `--keyring=${archiveKeys}`,
    `--include=${recipe.packages.join(",")}`,
    '--aptopt=Acquire::Languages "none"',
    ...recipe.leftOut.map((path) => `--dpkgopt=path-exclude=${path}`),
    ...recipe.kept.map((path) => `--dpkgopt=path-include=${path}`),
    `--essential-hook=${hook("prepare.sh")}`,
    `--customize-hook=${hook("customize.sh")}`,
    recipe.release,
    root,
    ...(mirror === undefined ? [] : [mirror]),
  ];
}

/**
 * Writes disk and kernel straight into the image's folder, where no other user ever reaches them. The namespace's root
 * does not either: it is handed the disk as its standard input, open, and /dev/stdin opens that file again, which
 * needs the file's own permission alone (proc_pid_fd(5)).
 */
async function makeDisk(work: string, folder: string, isRoot: boolean, context: OperationContext): Promise<void> {
  context.progress("building the guest image: writing the disk");
  const root = join(work, "root");
  const disk = join(folder, builtFiles.disk);
  const stdin = openSync(disk, "wx+");
  try {
    fchmodSync(stdin, 0o666);
    const mke2fs = [
      findTool("mke2fs") ?? "mke2fs",
      "-q",
      ...["-t", "ext4", "-L", "root", "-m", "0", "-d", root],
      // Nothing is left for the guest to initialise in the background.
      ...["-E", "lazy_itable_init=0,lazy_journal_init=0"],
      ...["/dev/stdin", diskSize],
    ];
    await runAs(isRoot, mke2fs, { signal: context.signal, stdin });
    fchmodSync(stdin, 0o644);
  } finally {
    closeSync(stdin);
  }
  const [kernel = "vmlinuz"] = readdirSync(join(root, "boot")).filter((name) => name.startsWith("vmlinuz-"));
  await copyFile(join(root, "boot", kernel), join(folder, builtFiles.kernel));
  await copyFile(join(root, "boot", "initrd.lab"), join(folder, builtFiles.initrd));
}

async function removeWork(work: string, isRoot: boolean): Promise<void> {
  if (!isRoot && existsSync(work)) {
    // Files of the namespace's users are not ours to delete from outside of it.
    const options = { signal: new AbortController().signal };
    await runAs(false, ["rm", "-rf", join(work, "root")], options).catch(() => undefined);
  }
  rmSync(work, { recursive: true, force: true });
}

/** Runs a program as root, real or that of mmdebstrap's user namespace. */
function runAs(isRoot: boolean, command: readonly string[], options: LongProcessOptions): Promise<string> {
  const [program = "", ...args] = isRoot ? command : ["mmdebstrap", "--unshare-helper", ...command];
  return runLong(program, args, options);
}

/** e2fsprogs is in a folder that an ordinary user's search path leaves out. */
function findTool(name: string): string | undefined {
  return findOnPath(name, `${process.env.PATH ?? ""}:/usr/sbin:/sbin`);
}

function requireTools(isRoot: boolean): void {
  const needed: readonly (readonly [string, boolean])[] = [
    ["mmdebstrap", findTool("mmdebstrap") !== undefined],
    ["e2fsprogs", findTool("mke2fs") !== undefined],
    ["debian-archive-keyring", existsSync(archiveKeys)],
    ["uidmap", isRoot || findTool("newuidmap") !== undefined],
  ];
  const missing = needed.filter(([, there]) => !there).map(([name]) => name);
  if (missing.length === 0) return;
  throw new Error(
    `Making the guest image needs ${missing.join(", ")}, not installed here. On Debian or Ubuntu: ` +
      `sudo apt-get install -y ${missing.join(" ")}. On another system set image.kind to cloud.`,
  );
}

const unreachable = /Could not resolve|Temporary failure|Could not connect|Unable to connect|timed out|unreachable/i;
const unprivilegedRefused = /unshare|newuidmap|newgidmap|subuid|subgid|user namespace/i;

/** What went wrong, from what mmdebstrap printed. */
export function explain(output: string, mirror: string | undefined): string {
  const lines = output.split("\n").filter((line) => line.trim() !== "");
  const network = lines.find((line) => unreachable.test(line));
  if (network !== undefined) {
    const name = mirror ?? "Debian's own";
    return `The package mirror (${name}) cannot be reached: ${network.trim()}. Check the network, or name another in image.mirror.`;
  }
  if (lines.some((line) => line.includes("No space left on device"))) {
    return "The disk is full: the guest image needs about 2400 MiB while it is made. Make room, or let IPV6LAB_CACHE name a folder on a larger disk.";
  }
  const last = lines.slice(-12).join("\n");
  const hint = lines.some((line) => line.startsWith("E:") && unprivilegedRefused.test(line))
    ? "\nThis system does not let an ordinary user make root file systems: run once as root, or set image.kind to cloud."
    : "";
  return `mmdebstrap could not make the guest image. Its last words:\n${last}${hint}`;
}
