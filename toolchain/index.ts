/** The ladder to a working Pulumi: the user's own, the official release, or a build from Go modules with stand-ins. */
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { UserError, messageOf, say } from "../host/messages";
import { withLock } from "../host/lock";
import { cacheFolder } from "../host/paths";
import { UnreachableError } from "../host/download";
import { findInstalled } from "./installed";
import { buildFromModules, moduleFolder } from "./module-build";
import { moduleVersion, releaseVersion } from "./pins";
import { installRelease, releaseFolder } from "./release";
import { ensureStandIns } from "./stand-ins";

export interface Toolchain {
  readonly kind: Rung;
  readonly version: string;
  /** Path of the CLI. */
  readonly pulumi: string;
  /** PATH for the CLI and everything it starts. */
  readonly searchPath: string;
  /** PULUMI_HOME for the CLI; undefined: the user's own. */
  readonly pulumiHome: string | undefined;
}

const rungs = ["installed", "release", "modules"] as const;
export type Rung = (typeof rungs)[number];

/**
 * The tool chain that is there already, best first. `$IPV6LAB_TOOLCHAIN` (`installed`, `release` or `modules`) insists
 * on one rung.
 */
export function readyToolchain(): Promise<Toolchain | undefined> {
  return findReady(wantedRung(process.env.IPV6LAB_TOOLCHAIN));
}

/**
 * Gives the tool chain, making it first where there is none.
 * @throws UserError when no rung leads up; the signal's reason.
 */
export function ensureToolchain(signal: AbortSignal = new AbortController().signal): Promise<Toolchain> {
  const wanted = wantedRung(process.env.IPV6LAB_TOOLCHAIN);
  const onWait = (pid: number): void => {
    say(`Tool chain: another set-up (process ${pid}) is making it; waiting …`);
  };
  const work = async (): Promise<Toolchain> => (await findReady(wanted)) ?? (await make(wanted, signal));
  return withLock(join(cacheFolder(), "toolchain", "lock"), onWait, work, signal);
}

/** @throws UserError for a word that names no rung. */
export function wantedRung(word: string | undefined): Rung | undefined {
  if (word === undefined || word === "" || word === "auto") return undefined;
  const rung = rungs.find((known) => known === word);
  if (rung !== undefined) return rung;
  throw new UserError(`IPV6LAB_TOOLCHAIN is "${word}"; it can be ${rungs.join(", ")} or auto.`);
}

async function findReady(wanted: Rung | undefined): Promise<Toolchain | undefined> {
  if (wanted === undefined || wanted === "installed") {
    const installed = await installedToolchain(wanted === "installed");
    if (installed !== undefined) return installed;
  }
  if (wanted !== "modules" && wanted !== "installed" && existsSync(join(releaseFolder(), "pulumi"))) {
    return releaseToolchain();
  }
  if (wanted !== "release" && existsSync(join(moduleFolder(), "pulumi"))) return modulesToolchain();
  return undefined;
}

async function installedToolchain(insist: boolean): Promise<Toolchain | undefined> {
  const searchPath = process.env.PATH ?? "";
  const verdict = await findInstalled(searchPath);
  if (verdict.kind === "suitable") {
    // Within a command of ours the cache's own tool chain is on PATH: the lower rungs know more about it.
    if (!insist && verdict.program.startsWith(cacheFolder())) return undefined;
    const { version, program: pulumi } = verdict;
    return { kind: "installed", version, pulumi, searchPath, pulumiHome: undefined };
  }
  if (!insist) return undefined;
  if (verdict.kind === "absent") throw new UserError("There is no pulumi on PATH.");
  throw new UserError(`${verdict.program} cannot be used: ${verdict.reason}.`);
}

async function make(wanted: Rung | undefined, signal: AbortSignal): Promise<Toolchain> {
  const verdict = await findInstalled();
  if (verdict.kind === "unsuitable") say(`Tool chain: ${verdict.program} is left alone: ${verdict.reason}.`);
  if (wanted !== "modules") {
    try {
      await installRelease(signal);
      say(`Tool chain: Pulumi ${releaseVersion} (official release).`);
      return releaseToolchain();
    } catch (error) {
      if (!(error instanceof UnreachableError)) throw error;
      if (wanted === "release") throw new UserError(`The Pulumi release cannot be downloaded: ${error.message}`);
      say(`Tool chain: no release downloads from here (${messageOf(error)}).`);
    }
  }
  await buildFromModules(signal);
  say(
    `Tool chain: Pulumi ${moduleVersion} (built from Go modules) with this project's stand-ins for ` +
      `pulumi-language-nodejs and the command plugin.`,
  );
  return modulesToolchain();
}

function releaseToolchain(): Toolchain {
  const folder = releaseFolder();
  return {
    kind: "release",
    version: releaseVersion,
    pulumi: join(folder, "pulumi"),
    searchPath: prepend(folder),
    // Apart from the home of the stand-ins: with the release, the engine downloads the official plugins into it.
    pulumiHome: join(cacheFolder(), "pulumi-home-release"),
  };
}

async function modulesToolchain(): Promise<Toolchain> {
  const standIns = await ensureStandIns(join(moduleFolder(), "pulumi"));
  return {
    kind: "modules",
    version: moduleVersion,
    pulumi: join(standIns.binFolder, "pulumi"),
    searchPath: prepend(standIns.binFolder),
    pulumiHome: standIns.pulumiHome,
  };
}

function prepend(folder: string): string {
  return [folder, process.env.PATH ?? ""].join(delimiter);
}
