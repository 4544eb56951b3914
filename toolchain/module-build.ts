/** The third rung: the CLI built from its published Go modules, for machines that reach no release downloads. */
import { existsSync } from "node:fs";
import { availableParallelism, totalmem } from "node:os";
import { join } from "node:path";
import { UserError, progress, progressDone, say } from "../host/messages";
import { cacheFolder, projectRoot } from "../host/paths";
import { ProgramFailure, runLong } from "../host/long-process";
import { findOnPath, run } from "../host/processes";
import { makeFolder } from "../host/drafts";
import { compareVersions, minimumGo, moduleVersion } from "./pins";

const cliModule = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi";

/**
 * How every Go program here is built, so that what two have in common is compiled once. Debug information would be stripped
 * all the same; making it is a fifth of the compiler's work. Copying functions into their callers is another quarter, and
 * pays in the standard library alone, which does the work: the CLI starts and ends in the same time (`go tool compile -help`).
 */
export const goBuildFlags: readonly string[] = [
  "-mod=readonly",
  "-trimpath",
  "-buildvcs=false",
  // The last pattern that fits a package counts.
  "-gcflags=all=-dwarf=false -l",
  "-gcflags=std=-dwarf=false",
];

/** Linker flags that strip what the compiler has not made. */
export const goLinkerFlags = "-s -w";

/** The user's flags and workspace are for the user's modules: -mod=vendor, say, would break these builds. */
export function goEnvironment(): NodeJS.ProcessEnv {
  const memory = process.env.GOGC === undefined ? compilerMemory(totalmem(), availableParallelism()) : {};
  return { ...process.env, ...memory, GOFLAGS: "", GOWORK: "off", CGO_ENABLED: "0" };
}

/**
 * The compiler collects no garbage until it has taken its share of the memory: that is a quarter of its work. One runs on
 * each processor, beside the image's build. (Environment variables of Go's package runtime.)
 * @param total octets of this machine's memory.
 * @returns nothing where a share would be too small for the largest packages.
 */
export function compilerMemory(total: number, processors: number): { GOGC?: string; GOMEMLIMIT?: string } {
  const mebibytes = Math.floor(total / 2 ** 20 / (3 * processors));
  return mebibytes < 1024 ? {} : { GOGC: "off", GOMEMLIMIT: `${mebibytes}MiB` };
}

const versionVariable = "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version";

/** The folder in which the built CLI is, whether it exists or not. */
export function moduleFolder(): string {
  return join(cacheFolder(), "toolchain", `modules-${moduleVersion}-${process.platform}-${process.arch}`);
}

/**
 * Builds the CLI; minutes on a small machine, most of it spent in the compiler, whose own cache makes an interrupted
 * build go on where it stopped.
 * @throws UserError without a suitable Go, or when the build fails; the signal's reason.
 */
export async function buildFromModules(signal: AbortSignal): Promise<string> {
  const folder = moduleFolder();
  if (existsSync(join(folder, "pulumi"))) return folder;
  const go = await requireGo();
  say(`Tool chain: building Pulumi ${moduleVersion} from its Go modules; this takes a few minutes, once …`);
  await makeFolder(folder, (draft) => build(go, join(draft, "pulumi"), signal));
  return folder;
}

async function build(go: string, output: string, signal: AbortSignal): Promise<void> {
  const started = Date.now();
  const ldflags = `${goLinkerFlags} -X ${versionVariable}=v${moduleVersion}`;
  try {
    await runLong(go, ["build", "-v", ...goBuildFlags, "-ldflags", ldflags, "-o", output, cliModule], {
      signal,
      cwd: join(projectRoot, "toolchain", "pulumi-cli"),
      env: goEnvironment(),
      // It fills the processors whatever else runs; the image beside it is a chain of small steps, and a template follows.
      yields: true,
      onLine: (line) => {
        progress(`Pulumi: ${Math.round((Date.now() - started) / 1000)} s  ${line}`);
      },
    });
  } catch (error) {
    throw error instanceof ProgramFailure ? buildError(error.output) : error;
  } finally {
    progressDone();
  }
}

/** @throws UserError when there is no Go, or one that is too old. */
async function requireGo(): Promise<string> {
  const remedy =
    `Install Go ${minimumGo} or newer (https://go.dev/dl/), or install Pulumi itself ` +
    `(https://www.pulumi.com/docs/install/), and run the command again.`;
  const go = findOnPath("go") ?? (existsSync("/usr/local/go/bin/go") ? "/usr/local/go/bin/go" : undefined);
  if (go === undefined) {
    throw new UserError(`Pulumi can be neither downloaded nor built: there is no Go compiler. ${remedy}`);
  }
  const answer = await run(go, ["env", "GOVERSION"], { cwd: "/" });
  const version = answer.stdout.trim();
  if (answer.code !== 0 || compareVersions(version, minimumGo) < 0) {
    const found = version === "" ? "one that does not run" : version;
    throw new UserError(`Pulumi can be neither downloaded nor built: the Go compiler ${go} is ${found}. ${remedy}`);
  }
  return go;
}

function buildError(output: string): UserError {
  const words = output.trim().split("\n").slice(-8).join("\n  ");
  return new UserError(
    `Pulumi could not be built from its Go modules:\n  ${words}\n` +
      `Go needs its module proxy (go env GOPROXY) and about 4 GB in its caches. Run the command again to go on.`,
  );
}
