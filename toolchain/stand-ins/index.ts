/**
 * The stand-ins for what cannot be built from Go modules: the language host and the command plugin. They are bundled
 * once for each state of their sources, because a bundle starts in a fifth of the time (0.16 s of processor time
 * against 0.8 s for the same sources compiled at each start). The launchers name the bundle, not the checkout: a
 * checkout can move, and several can share the cache.
 */
import { createHash } from "node:crypto";
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { shellQuote } from "../../ssh/shell";
import { withLock } from "../../host/lock";
import { cacheFolder, projectRoot } from "../../host/paths";
import { makeFolder } from "../../host/drafts";
import { commandPluginVersion } from "../pins";

export interface StandIns {
  /** Holds `pulumi`, and `pulumi-language-nodejs` beside it, where the engine looks first and without a warning. */
  readonly binFolder: string;
  /** PULUMI_HOME of the project's own, with the command plugin in it. */
  readonly pulumiHome: string;
}

/** What the bundles are made from. */
const sources = ["toolchain/stand-ins", "plugin", "host", "toolchain/pins.ts", "ssh", "package-lock.json"];
const entryPoints = {
  "language-host": "toolchain/stand-ins/language-host/main.ts",
  "command-plugin": "toolchain/stand-ins/command/main.ts",
};

/** The PULUMI_HOME of the project's own; the user's is never written to. */
function pulumiHome(): string {
  return join(cacheFolder(), "pulumi-home");
}

/**
 * Makes bundles and launchers where they are missing or differ; a few milliseconds when nothing does.
 * @param pulumi the CLI, which gets a second name (a hard link) beside the language host.
 */
export async function ensureStandIns(pulumi: string): Promise<StandIns> {
  const folder = join(cacheFolder(), "stand-ins", standInsDigest());
  if (!existsSync(folder)) {
    const waiting = (): void => undefined;
    await withLock(`${folder}.lock`, waiting, async () => {
      if (!existsSync(folder)) await bundle(folder);
    });
  }
  const binFolder = join(folder, "bin");
  writeLauncher(join(binFolder, "pulumi-language-nodejs"), join(folder, "language-host.js"));
  linkBeside(pulumi, join(binFolder, "pulumi"));
  const plugin = join(pulumiHome(), "plugins", `resource-command-v${commandPluginVersion}`);
  writeLauncher(join(plugin, "pulumi-resource-command"), join(folder, "command-plugin.js"));
  return { binFolder, pulumiHome: pulumiHome() };
}

export function standInsDigest(): string {
  const hash = createHash("sha256");
  for (const file of sources.flatMap(filesUnder)) {
    hash
      .update(`${file}\0`)
      .update(readFileSync(join(projectRoot, file)))
      .update("\0");
  }
  return hash.digest("hex").slice(0, 16);
}

function filesUnder(path: string): string[] {
  if (/\.\w+$/.test(path)) return [path];
  return readdirSync(join(projectRoot, path), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .sort()
    .map((name) => join(path, name));
}

async function bundle(folder: string): Promise<void> {
  // Loaded where there is something to bundle only.
  const { build } = await import("esbuild");
  await makeFolder(folder, async (draft) => {
    await build({
      absWorkingDir: projectRoot,
      entryPoints,
      outdir: draft,
      bundle: true,
      platform: "node",
      target: "node20",
      // Optional native speed-ups of ssh2, which does without them where they were not built.
      external: ["cpu-features", "*.node"],
      logLevel: "error",
    });
  });
}

/** Writes the launcher unless it says just that already; a process that starts it meanwhile sees the old or the new. */
function writeLauncher(path: string, script: string): void {
  const text = launcherText(process.execPath, script);
  if (existsSync(path) && readFileSync(path, "utf8") === text) return;
  mkdirSync(dirname(path), { recursive: true });
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, text);
  chmodSync(draft, 0o755);
  renameSync(draft, path);
}

/** Gives a file a second name; one that stands for an older file is replaced. */
function linkBeside(file: string, name: string): void {
  if (existsSync(name) && statSync(name).ino === statSync(file).ino) return;
  const draft = `${name}.${process.pid}`;
  linkSync(file, draft);
  renameSync(draft, name);
}

/** A program for /bin/sh that becomes Node, so that the engine's signals and its process number are Node's. */
export function launcherText(node: string, script: string): string {
  return `#!/bin/sh\nexec ${shellQuote(node)} ${shellQuote(script)} "$@"\n`;
}
