/** Where the state of the stacks is kept, and the environment in which the CLI runs. */
import { randomBytes } from "node:crypto";
import { existsSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { UserError, codeOf } from "../host/messages";
import { cacheFolder, type StatePaths, statePaths } from "../host/paths";
import { stacksInState } from "./stack-state";
import type { Toolchain } from "../toolchain";

export interface Deployment {
  readonly toolchain: Toolchain;
  /** For the CLI and everything that it starts. */
  readonly env: NodeJS.ProcessEnv;
  /** The project's own backend, in `.lab/pulumi`; undefined: the user's, which is used and never changed. */
  readonly own: StatePaths | undefined;
}

/** Chooses the backend and prepares the environment. The user's own settings win, each by itself. */
export function prepareDeployment(toolchain: Toolchain, environment: NodeJS.ProcessEnv = process.env): Deployment {
  const state = statePaths();
  const login = userLogin(environment, state);
  const env: NodeJS.ProcessEnv = {
    ...environment,
    PATH: toolchain.searchPath,
    // Node.js 22 and newer keep there what they compiled: every start of a program is a quarter quicker.
    NODE_COMPILE_CACHE: environment.NODE_COMPILE_CACHE ?? join(cacheFolder(), "node"),
    PULUMI_SKIP_UPDATE_CHECK: environment.PULUMI_SKIP_UPDATE_CHECK ?? "true",
    ...(toolchain.pulumiHome === undefined ? {} : { PULUMI_HOME: toolchain.pulumiHome }),
  };
  if (login !== undefined) {
    // The login is in the user's home, the plugins of another tool chain are not.
    if (toolchain.pulumiHome !== undefined) env.PULUMI_CREDENTIALS_PATH = login;
    return { toolchain, env, own: undefined };
  }
  mkdirSync(state.backend, { recursive: true });
  env.PULUMI_BACKEND_URL = backendUrl(state);
  if (!hasPassphrase(environment)) env.PULUMI_CONFIG_PASSPHRASE_FILE = ensurePassphrase(state);
  return { toolchain, env, own: state };
}

function backendUrl(state: StatePaths): string {
  return `file://${state.backend}`;
}

/** The folder of the user's credentials when the user has a backend of their own, else undefined. */
function userLogin(environment: NodeJS.ProcessEnv, state: StatePaths): string | undefined {
  const home = environment.PULUMI_HOME ?? join(homedir(), ".pulumi");
  const folder = environment.PULUMI_CREDENTIALS_PATH ?? home;
  const url = environment.PULUMI_BACKEND_URL ?? "";
  if (url !== "") return url === backendUrl(state) ? undefined : folder;
  if ((environment.PULUMI_ACCESS_TOKEN ?? "") !== "") return folder;
  return hasLogin(join(folder, "credentials.json")) ? folder : undefined;
}

const credentialsSchema = z.object({ current: z.string().optional() });

function hasLogin(file: string): boolean {
  try {
    const { current } = credentialsSchema.parse(JSON.parse(readFileSync(file, "utf8")));
    return current !== undefined && current !== "";
  } catch {
    return false;
  }
}

function hasPassphrase(environment: NodeJS.ProcessEnv): boolean {
  return environment.PULUMI_CONFIG_PASSPHRASE !== undefined || (environment.PULUMI_CONFIG_PASSPHRASE_FILE ?? "") !== "";
}

/**
 * The file with the generated passphrase, made when there is none and nothing is encrypted with it yet. One that is empty
 * is none: it was cut off by a full disk.
 * @throws UserError when it is gone and stacks remain.
 */
export function ensurePassphrase(state: StatePaths): string {
  const file = state.passphrase;
  const there = existsSync(file);
  if (there && readFileSync(file, "utf8").trim() !== "") return file;
  const stacks = stacksInState(state);
  if (stacks.length > 0) {
    throw new UserError(
      `The passphrase file ${file} is ${there ? "empty" : "gone"}, and the stacks ${stacks.join(", ")} in ` +
        `${state.backend} are encrypted with it. Put it back, or set PULUMI_CONFIG_PASSPHRASE` +
        `${there ? " (to nothing, if it was empty when they were made)" : ""}. Without it their state is lost: then ` +
        `delete ${state.folder} after ending the labs' virtual machines.`,
    );
  }
  mkdirSync(state.folder, { recursive: true });
  if (there) rmSync(file);
  // Whole or not at all, and never in the place of one that another first run has just made.
  const draft = `${file}.${process.pid}`;
  try {
    writeFileSync(draft, `${randomBytes(32).toString("base64url")}\n`, { mode: 0o600 });
    linkSync(draft, file);
  } catch (error) {
    if (codeOf(error) !== "EEXIST") throw error;
  } finally {
    rmSync(draft, { force: true });
  }
  return file;
}
