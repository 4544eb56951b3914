/** Where things are kept: what all checkouts share is in the cache, what belongs to one checkout is in `.lab/`. */
import { realpathSync } from "node:fs";
import { homedir, platform } from "node:os";
import { basename, dirname, isAbsolute, join, resolve } from "node:path";

const cacheName = "ipv6-only-lab";

/** The checkout. */
export const projectRoot = resolve(__dirname, "..");

/** Arguments for Node that let it run the project's TypeScript. */
export const typescriptLoader: readonly string[] = ["--require", join(__dirname, "typescript.cjs")];

/**
 * The cache of this user: tool chain and images, pinned by version or content, safe to delete at any time.
 * `$IPV6LAB_CACHE`, else the platform's usual place (XDG base directory specification on Linux).
 */
export function cacheFolder(
  environment: NodeJS.ProcessEnv = process.env,
  system: NodeJS.Platform = platform(),
  home: string = homedir(),
): string {
  const own = environment.IPV6LAB_CACHE;
  if (own !== undefined && own !== "") return resolve(own);
  if (system === "darwin") return join(home, "Library", "Caches", cacheName);
  const xdg = environment.XDG_CACHE_HOME;
  return xdg !== undefined && isAbsolute(xdg) ? join(xdg, cacheName) : join(home, ".cache", cacheName);
}

export type StatePaths = ReturnType<typeof statePaths>;

/** State of one checkout; deleting it by hand forgets the labs it describes. */
export function statePaths(root: string = projectRoot) {
  const folder = join(root, ".lab");
  return {
    folder,
    /** File backend of Pulumi. */
    backend: join(folder, "pulumi"),
    /** Passphrase of the stacks' secrets, mode 0600. */
    passphrase: join(folder, "passphrase"),
    /** Working copies of the stack files; see `stack-config.ts`. */
    config: join(folder, "config"),
  };
}

/** Where the virtual machines of a stack live: disks, sockets, console logs. */
export function stackFolder(stack: string, root: string = projectRoot): string {
  return realFolder(join(statePaths(root).folder, "stacks", stack));
}

/** What ends the name of the lock of whoever moves a client between networks, or looks at it where it is. */
export const visitEnding = ".visit";

/** That lock. */
export function visitLock(folderOfStack: string, client: string): string {
  return join(folderOfStack, `${client}${visitEnding}`);
}

/**
 * A path without symbolic links, also of a folder that is not there yet: by this one the kernel knows in which folder a
 * process works.
 */
export function realFolder(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    const parent = dirname(path);
    return parent === path ? path : join(realFolder(parent), basename(path));
  }
}
