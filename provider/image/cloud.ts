/** A distribution's cloud image: a file of this machine, or a download that goes on where it was cut off. */
import { existsSync, mkdirSync, renameSync, statSync } from "node:fs";
import { copyFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { z } from "zod";
import type { CloudImagePlan } from "../../plan/model";
import { UnreachableError, WrongDigestError, digestOf, downloadFile } from "../../host/download";
import { projectRoot } from "../../host/paths";
import type { OperationContext } from "../../plugin/handler";
import { runLong } from "../../host/long-process";
import { isUrl } from "./source";
import { imagesFolder, requireSpace } from "./store";

const diskName = "disk.img";

/** SHA-256 of the image, in hex: the one that is promised, or that of the file. */
export async function cloudDigest(source: CloudImagePlan, context: OperationContext): Promise<string> {
  if (isUrl(source.location)) {
    if (source.sha256 === undefined) throw new Error(`image.sha256 is needed for the download ${source.location}.`);
    return source.sha256;
  }
  const path = localPath(source.location);
  if (!existsSync(path)) {
    throw new Error(`The image file ${path} does not exist. Put it there, or set image.location to another.`);
  }
  context.progress(`reading ${path}`);
  const digest = await digestOf(path, context.signal);
  if (source.sha256 !== undefined && source.sha256 !== digest) throw wrongDigest(path, source.sha256, digest);
  return digest;
}

/**
 * Puts the image into `folder`, verified.
 * @returns the name of the disk in it.
 */
export async function fetchCloudImage(
  source: CloudImagePlan,
  digest: string,
  folder: string,
  context: OperationContext,
): Promise<string> {
  const disk = join(folder, diskName);
  if (!isUrl(source.location)) {
    const path = localPath(source.location);
    requireSpace(folder, Math.ceil(statSync(path).size / 2 ** 20), `A copy of ${path}`);
    // The user's file may change or go away: the cache has its own.
    await copyFile(path, disk);
    return diskName;
  }
  // Outside of the folder, which an interruption removes.
  const downloads = join(imagesFolder(), "downloads");
  mkdirSync(downloads, { recursive: true });
  const file = join(downloads, digest);
  try {
    await downloadFile(source.location, file, digest, {
      signal: context.signal,
      onSize: (bytes) => {
        requireSpace(downloads, Math.ceil(bytes / 2 ** 20), "The image's download");
      },
      onProgress: (received, total) => {
        context.progress(`downloading the image: ${progressOf(received, total)}`);
      },
    });
  } catch (error) {
    if (error instanceof WrongDigestError) throw wrongDigest(source.location, digest, error.found);
    if (!(error instanceof UnreachableError)) throw error;
    throw new Error(`The image cannot be fetched: ${error.message}. Check the network and image.location.`, {
      cause: error,
    });
  }
  renameSync(file, disk);
  return diskName;
}

/** The format that qemu-img sees in the file. */
export async function inspectDisk(path: string, context: OperationContext): Promise<"qcow2" | "raw"> {
  const output = await runLong("qemu-img", ["info", "--output=json", path], { signal: context.signal });
  const { format } = z.object({ format: z.string() }).parse(JSON.parse(output));
  if (format === "qcow2" || format === "raw") return format;
  throw new Error(`The image is of the format ${format}; a guest's disk has to be qcow2 or raw.`);
}

function wrongDigest(what: string, expected: string, found: string): Error {
  return new Error(
    `${what} has the SHA-256 ${found}, and image.sha256 says ${expected}. Correct the one that is wrong.`,
  );
}

function progressOf(received: number, total: number | undefined): string {
  const mebibytes = `${Math.floor(received / 2 ** 20)} MiB`;
  return total !== undefined && total > 0 ? `${Math.floor((100 * received) / total)} % (${mebibytes})` : mebibytes;
}

/** Relative to the project; `~/` is the user's home. */
function localPath(location: string): string {
  return location.startsWith("~/") ? join(homedir(), location.slice(2)) : resolve(projectRoot, location);
}
