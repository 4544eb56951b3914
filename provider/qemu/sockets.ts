/** UNIX sockets in a machine's folder, whose path may be longer than the kernel takes: short ways to them. */
import { createHash } from "node:crypto";
import { lstatSync, mkdirSync, rmSync, symlinkSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { codeOf } from "../../host/messages";

/** `sun_path` holds 108 bytes on Linux (unix(7)) and 104 on macOS, the closing zero included. */
const maximumBytes = 103;

/** As QEMU is told of it, which works in the machine's folder. */
export function socketForQemu(path: string): string {
  return fits(path) ? path : basename(path);
}

/**
 * As this process reaches it: when its path is too long, through a link to its folder, made when it is not there. The
 * socket stays with its machine, so that it does not matter who empties /tmp, nor what is in the environment.
 * @throws Error when another user has taken the folder of the links.
 */
export function socketForUs(path: string): string {
  if (fits(path)) return path;
  const folder = dirname(path);
  requireOurFolder();
  const link = linkTo(folder);
  try {
    symlinkSync(folder, link);
  } catch (error) {
    if (codeOf(error) !== "EEXIST") throw error;
  }
  return join(link, basename(path));
}

/** Removes the link to a machine's folder, if there is one. */
export function forgetSockets(folder: string): void {
  rmSync(linkTo(folder), { force: true });
}

function fits(path: string): boolean {
  return Buffer.byteLength(path) <= maximumBytes;
}

function linksFolder(): string {
  return `/tmp/ipv6lab-${process.getuid?.() ?? ""}`;
}

function linkTo(folder: string): string {
  return join(linksFolder(), createHash("sha256").update(folder).digest("hex").slice(0, 16));
}

/** Anybody may write to /tmp: a link of somebody else would lead to a QEMU of theirs. */
function requireOurFolder(): void {
  const links = linksFolder();
  mkdirSync(links, { recursive: true, mode: 0o700 });
  const { uid, mode } = lstatSync(links);
  if (uid === process.getuid?.() && (mode & 0o077) === 0) return;
  throw new Error(
    `${links} has to be a folder of this user alone, and is not. It leads to the sockets of machines whose folders have ` +
      "long paths: remove it, or move the project to a folder with a shorter one.",
  );
}
