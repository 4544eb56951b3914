/** The second rung: the pinned official release, with the language hosts in it. */
import { existsSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { UserError, messageOf, progress, progressDone, say } from "../host/messages";
import { cacheFolder } from "../host/paths";
import { run } from "../host/processes";
import { UnreachableError, downloadFile, fetchText } from "../host/download";
import { makeFolder } from "../host/drafts";
import { releaseVersion } from "./pins";

/** The tarball's name for a machine; undefined where there is no release. */
export function releaseAsset(system: NodeJS.Platform, architecture: NodeJS.Architecture): string | undefined {
  const released = ["linux", "darwin"].includes(system) && ["x64", "arm64"].includes(architecture);
  return released ? `pulumi-v${releaseVersion}-${system}-${architecture}.tar.gz` : undefined;
}

/** Where releases are published: the project's own host, and the repository's release page. */
const sources = [
  "https://get.pulumi.com/releases/sdk",
  `https://github.com/pulumi/pulumi/releases/download/v${releaseVersion}`,
] as const;
const checksumsFile = `pulumi-${releaseVersion}-checksums.txt`;

/** The folder in which the release's programs are, whether it exists or not. */
export function releaseFolder(): string {
  return join(cacheFolder(), "toolchain", `release-${releaseVersion}`);
}

/**
 * Downloads, checks and unpacks the release.
 * @throws UnreachableError where releases cannot be downloaded; the signal's reason.
 */
export async function installRelease(signal: AbortSignal): Promise<string> {
  const asset = releaseAsset(process.platform, process.arch);
  if (asset === undefined) throw new UnreachableError(`there is no release for ${process.platform} ${process.arch}`);
  const downloads = join(cacheFolder(), "downloads");
  mkdirSync(downloads, { recursive: true });
  const file = join(downloads, asset);
  if (!existsSync(file)) {
    const sha256 = digestFor(await fromAnySource((source) => fetchText(`${source}/${checksumsFile}`)), asset);
    say(`Tool chain: downloading the official Pulumi ${releaseVersion} …`);
    try {
      const options = { signal, onProgress: showProgress };
      await fromAnySource((source) => downloadFile(`${source}/${asset}`, file, sha256, options));
    } finally {
      progressDone();
    }
  }
  await unpack(file, releaseFolder());
  rmSync(file);
  return releaseFolder();
}

/**
 * The digest of one file in a list of `sha256sum`'s form.
 * @throws Error when the list does not name it.
 */
export function digestFor(list: string, asset: string): string {
  for (const line of list.split("\n")) {
    const [digest, name] = line.trim().split(/\s+\*?/);
    if (name === asset && digest !== undefined && /^[0-9a-f]{64}$/.test(digest)) return digest;
  }
  throw new Error(`${checksumsFile} does not list ${asset}.`);
}

async function fromAnySource<T>(attempt: (source: string) => Promise<T>): Promise<T> {
  const failures: string[] = [];
  for (const source of sources) {
    try {
      return await attempt(source);
    } catch (error) {
      if (!(error instanceof UnreachableError)) throw error;
      failures.push(messageOf(error));
    }
  }
  throw new UnreachableError(failures.join("; "));
}

function showProgress(received: number, total: number | undefined): void {
  const percent = total === undefined ? "" : ` (${Math.floor((100 * received) / total)} %)`;
  progress(`Pulumi: ${Math.floor(received / 1_048_576)} MiB${percent}`);
}

async function unpack(file: string, folder: string): Promise<void> {
  await makeFolder(folder, async (draft) => {
    const tar = await run("tar", ["-xzf", file, "-C", draft, "--strip-components=1"]);
    if (tar.code === 0) return;
    rmSync(file);
    throw new UserError(`${file} could not be unpacked (${tar.stderr.trim()}); it was deleted, run the command again.`);
  });
}
