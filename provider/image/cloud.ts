/** A distribution's cloud image: a file of this machine, or a download that goes on where it was cut off. */
import { createHash } from "node:crypto";
import { createReadStream, createWriteStream, existsSync, mkdirSync, renameSync, rmSync, statSync } from "node:fs";
import { copyFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { z } from "zod";
import type { CloudImagePlan } from "../../plan/model";
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
  const digest = await sha256(path, context.signal);
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
  const part = join(downloads, `${digest}.part`);
  await download(source.location, part, context);
  const found = await sha256(part, context.signal);
  if (found !== digest) {
    rmSync(part, { force: true });
    throw wrongDigest(source.location, digest, found);
  }
  renameSync(part, disk);
  return diskName;
}

/**
 * Downloads to `part`, from the byte where an earlier try ended. A server that cannot go on (it answers 200 instead of
 * 206) sends it all again.
 */
export async function download(url: string, part: string, context: OperationContext): Promise<void> {
  const start = existsSync(part) ? statSync(part).size : 0;
  const response = await request(url, start, context.signal);
  if (response.status === 416) return; // All of it is there; the digest decides.
  if (!response.ok || response.body === null) {
    throw new Error(`${url} answered ${response.status} ${response.statusText}. Check image.location.`);
  }
  const resumed = response.status === 206;
  const size = Number(response.headers.get("content-length") ?? "0");
  requireSpace(join(part, ".."), Math.ceil(size / 2 ** 20), "The image's download");
  const total = size + (resumed ? start : 0);
  let received = resumed ? start : 0;
  const count = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      received += chunk.length;
      context.progress(`downloading the image: ${progressOf(received, total)}`);
      done(null, chunk);
    },
  });
  const body = Readable.from(response.body);
  try {
    await pipeline(body, count, createWriteStream(part, { flags: resumed ? "a" : "w" }), { signal: context.signal });
  } catch (error) {
    context.signal.throwIfAborted();
    throw new Error(`The download of ${url} was cut off: ${describe(error)}. The next \`up\` goes on from there.`, {
      cause: error,
    });
  }
}

/** The format that qemu-img sees in the file. */
export async function inspectDisk(path: string, context: OperationContext): Promise<"qcow2" | "raw"> {
  const output = await runLong("qemu-img", ["info", "--output=json", path], { signal: context.signal });
  const { format } = z.object({ format: z.string() }).parse(JSON.parse(output));
  if (format === "qcow2" || format === "raw") return format;
  throw new Error(`The image is of the format ${format}; a guest's disk has to be qcow2 or raw.`);
}

async function request(url: string, start: number, signal: AbortSignal): Promise<Response> {
  try {
    return await fetch(url, { signal, headers: start > 0 ? { range: `bytes=${start}-` } : {} });
  } catch (error) {
    signal.throwIfAborted();
    throw new Error(`The image cannot be fetched from ${url}: ${describe(error)}. Check the network and the URL.`, {
      cause: error,
    });
  }
}

/** fetch hides the reason one level down. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message;
}

async function sha256(path: string, signal: AbortSignal): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash, { signal });
  return hash.digest("hex");
}

function wrongDigest(what: string, expected: string, found: string): Error {
  return new Error(
    `${what} has the SHA-256 ${found}, and image.sha256 says ${expected}. Correct the one that is wrong.`,
  );
}

function progressOf(received: number, total: number): string {
  const mebibytes = `${Math.floor(received / 2 ** 20)} MiB`;
  return total > 0 ? `${Math.floor((100 * received) / total)} % (${mebibytes})` : mebibytes;
}

/** Relative to the project; `~/` is the user's home. */
function localPath(location: string): string {
  return location.startsWith("~/") ? join(homedir(), location.slice(2)) : resolve(projectRoot, location);
}
