/** `remote.CopyToRemote`: a file, a folder or named contents, sent by SFTP. */
import { createReadStream, readFileSync, readdirSync, statSync } from "node:fs";
import { basename, join, posix } from "node:path";
import { pipeline } from "node:stream/promises";
import type { SFTPWrapper } from "ssh2";
import { z } from "zod";
import { messageOf } from "../../../host/messages";
import type { RunContext } from "./command-output";
import type { CopyToRemoteInputs } from "./inputs";
import { open } from "./remote";
import { archiveSignature, assetSignature, isObject, signatureOf } from "./values";

const contentSchema = z.object({
  path: z.string().optional(),
  text: z.string().optional(),
  uri: z.string().optional(),
  hash: z.string().optional(),
  assets: z.record(z.string(), z.unknown()).optional(),
});
type Content = z.infer<typeof contentSchema>;

/** The digest that the engine computed of an asset or archive; the copy is made again when it changes. */
export function sourceHash(source: unknown): string | undefined {
  return contentSchema.safeParse(source).data?.hash;
}

/**
 * Copies the source to the machine. Parent folders are made; a file that is sent to a folder keeps its name; a folder
 * is copied into a folder that exists, its contents alone when its path ends with a slash.
 * @throws Error when the destination is of the wrong kind, or the transfer fails.
 */
export async function copyToRemote(inputs: CopyToRemoteInputs, context: RunContext): Promise<void> {
  const source: unknown = inputs.source;
  const connection = await open(inputs.connection, context);
  const onAbort = (): void => {
    connection.destroy();
  };
  context.signal.addEventListener("abort", onAbort);
  try {
    const remote = new RemoteFiles(await connection.sftp());
    await send(remote, source, inputs.remotePath);
  } catch (error) {
    context.signal.throwIfAborted();
    throw error;
  } finally {
    context.signal.removeEventListener("abort", onAbort);
    connection.close();
  }
}

async function send(remote: RemoteFiles, source: unknown, destination: string): Promise<void> {
  const content = contentSchema.parse(source);
  if (content.assets !== undefined) return sendAssets(remote, content.assets, destination);
  if (content.path !== undefined && statSync(content.path).isDirectory()) {
    return sendFolder(remote, content.path, destination);
  }
  const kind = await remote.kindOf(destination);
  if (kind === "absent") await remote.makeFolders(posix.dirname(destination));
  const name = content.path ?? (content.uri === undefined ? undefined : new URL(content.uri).pathname);
  if (kind === "folder" && name === undefined) {
    throw new Error(`${destination} is a folder on the machine; a text needs the name of a file.`);
  }
  await sendContent(remote, content, kind === "folder" ? posix.join(destination, basename(name ?? "")) : destination);
}

async function sendContent(remote: RemoteFiles, content: Content, destination: string): Promise<void> {
  if (content.text !== undefined) return remote.write(destination, Buffer.from(content.text, "utf8"));
  if (content.path !== undefined) return remote.writeFile(destination, content.path);
  if (content.uri !== undefined) return remote.write(destination, await fetchUri(content.uri));
  throw new Error("The source is neither a text, nor a path, nor a URI.");
}

async function sendFolder(remote: RemoteFiles, folder: string, destination: string): Promise<void> {
  await remote.makeFolders(destination);
  const into = folder.endsWith("/") ? destination : posix.join(destination, basename(folder));
  await remote.makeFolders(into);
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await sendFolder(remote, `${path}/`, posix.join(into, entry.name));
    else await remote.writeFile(posix.join(into, entry.name), path);
  }
}

/** An archive made of named assets: a file each; an archive among them is a folder. */
async function sendAssets(
  remote: RemoteFiles,
  assets: Readonly<Record<string, unknown>>,
  destination: string,
): Promise<void> {
  await remote.makeFolders(destination);
  for (const [name, value] of Object.entries(assets).sort()) {
    const path = posix.join(destination, name);
    if (signatureOf(value) === archiveSignature && isObject(value)) {
      const { path: folder, assets: inner } = contentSchema.parse(value);
      if (inner !== undefined) await sendAssets(remote, inner, path);
      else if (folder !== undefined && statSync(folder).isDirectory()) await sendFolder(remote, `${folder}/`, path);
      else throw new Error(`The archive ${name} is neither named assets nor a folder.`);
    } else if (signatureOf(value) === assetSignature) {
      await remote.makeFolders(posix.dirname(path));
      await sendContent(remote, contentSchema.parse(value), path);
    } else throw new Error(`${name} is neither an asset nor an archive.`);
  }
}

async function fetchUri(uri: string): Promise<Buffer> {
  if (uri.startsWith("file:")) return readFileSync(new URL(uri));
  const response = await fetch(uri);
  if (!response.ok) throw new Error(`${uri} answered ${response.status}.`);
  return Buffer.from(await response.arrayBuffer());
}

/** The few operations of SFTP that a copy needs, as promises. */
class RemoteFiles {
  constructor(private readonly sftp: SFTPWrapper) {}

  kindOf(path: string): Promise<"absent" | "folder" | "file"> {
    return new Promise((resolve) => {
      this.sftp.stat(path, (error, stats) => {
        if (error !== undefined) resolve("absent");
        else resolve(stats.isDirectory() ? "folder" : "file");
      });
    });
  }

  async makeFolders(path: string): Promise<void> {
    const kind = await this.kindOf(path);
    if (kind === "folder") return;
    if (kind === "file") throw new Error(`${path} exists on the machine but is not a folder.`);
    const parent = posix.dirname(path);
    if (parent !== path) await this.makeFolders(parent);
    await new Promise<void>((resolve, reject) => {
      this.sftp.mkdir(path, (error) => {
        if (error === undefined || error === null) resolve();
        else reject(new Error(`The folder ${path} could not be made on the machine: ${error.message}`));
      });
    });
  }

  async writeFile(path: string, local: string): Promise<void> {
    await pipeline(createReadStream(local), this.sftp.createWriteStream(path)).catch((error: unknown) => {
      throw writeError(path, error);
    });
  }

  write(path: string, content: Buffer): Promise<void> {
    return new Promise((resolve, reject) => {
      this.sftp.writeFile(path, content, (error) => {
        if (error === undefined || error === null) resolve();
        else reject(writeError(path, error));
      });
    });
  }
}

function writeError(path: string, error: unknown): Error {
  return new Error(`${path} could not be written on the machine: ${messageOf(error)}`);
}
