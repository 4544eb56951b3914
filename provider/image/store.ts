/** The cache of guest images: one folder for each digest, whole or not there. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statfsSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { withLock } from "../../host/lock";
import { cacheFolder } from "../../host/paths";
import type { OperationContext } from "../../plugin/handler";

const manifestSchema = z.object({
  format: z.enum(["qcow2", "raw"]),
  /** File names inside the image's folder. */
  disk: z.string(),
  kernel: z.string().optional(),
  initrd: z.string().optional(),
  kernelArguments: z.string().optional(),
});
type Manifest = z.infer<typeof manifestSchema>;

/** A finished image. Paths are absolute. */
export interface StoredImage {
  readonly digest: string;
  readonly format: "qcow2" | "raw";
  readonly disk: string;
  readonly kernel: string | undefined;
  readonly initrd: string | undefined;
  readonly kernelArguments: string | undefined;
}

const manifestName = "image.json";

export function imagesFolder(): string {
  return join(cacheFolder(), "images");
}

/** The image of this digest, when all of its files are there. */
export function findImage(digest: string, folder = imagesFolder()): StoredImage | undefined {
  const home = join(folder, digest);
  const manifest = readManifest(join(home, manifestName));
  if (manifest === undefined) return undefined;
  const image = describe(digest, home, manifest);
  const files = [image.disk, image.kernel, image.initrd].filter((path) => path !== undefined);
  return files.every(existsSync) ? image : undefined;
}

/** Where the files of an image will be once it is made: known before, for previews. */
export function describe(digest: string, home: string, manifest: Manifest): StoredImage {
  const inside = (name: string | undefined): string | undefined => (name === undefined ? undefined : join(home, name));
  return {
    digest,
    format: manifest.format,
    disk: join(home, manifest.disk),
    kernel: inside(manifest.kernel),
    initrd: inside(manifest.initrd),
    kernelArguments: manifest.kernelArguments,
  };
}

/**
 * The image of this digest, made by `make` when it is not there yet. Two at once: the second waits and says so. What
 * an interrupted one left behind is removed; a half-made image never gets the digest's name.
 * @param make fills the empty folder that it is given, on the cache's file system.
 */
export async function obtainImage(
  digest: string,
  context: OperationContext,
  make: (folder: string) => Promise<Manifest>,
  folder = imagesFolder(),
): Promise<StoredImage> {
  const found = findImage(digest, folder);
  if (found !== undefined) return found;
  mkdirSync(folder, { recursive: true });
  const onWait = (pid: number): void => {
    context.progress(`waiting for the process ${pid}, which is making the same image`);
  };
  const lock = join(folder, `${digest}.lock`);
  return withLock(
    lock,
    onWait,
    async () => {
      context.signal.throwIfAborted();
      return findImage(digest, folder) ?? (await makeWhole(digest, folder, make));
    },
    context.signal,
  );
}

async function makeWhole(
  digest: string,
  folder: string,
  make: (folder: string) => Promise<Manifest>,
): Promise<StoredImage> {
  for (const name of readdirSync(folder).filter((entry) => entry.startsWith(`${digest}.partial-`))) {
    rmSync(join(folder, name), { recursive: true, force: true });
  }
  const partial = mkdtempSync(join(folder, `${digest}.partial-`));
  const home = join(folder, digest);
  try {
    const manifest = await make(partial);
    writeFileSync(join(partial, manifestName), `${JSON.stringify(manifest, undefined, 2)}\n`);
    rmSync(home, { recursive: true, force: true });
    renameSync(partial, home);
    return describe(digest, home, manifest);
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
}

/** @throws when less than `mebibytes` are free on the file system of `folder`. */
export function requireSpace(folder: string, mebibytes: number, what: string): void {
  const { bavail, bsize } = statfsSync(folder);
  const free = Math.floor((bavail * bsize) / 2 ** 20);
  if (free >= mebibytes) return;
  throw new Error(
    `${what} needs ${mebibytes} MiB in ${folder}, and ${free} MiB are free. ` +
      `Make room there, or let IPV6LAB_CACHE name a folder on a larger disk.`,
  );
}

function readManifest(path: string): Manifest | undefined {
  try {
    return manifestSchema.parse(JSON.parse(readFileSync(path, "utf8")));
  } catch {
    return undefined;
  }
}
