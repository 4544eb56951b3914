/** Commands on this machine. */
import { spawn } from "node:child_process";
import { type CommandOutput, OutputCollector, type RunContext, previousOutput } from "./command-output";
import { collectFiles } from "./files";
import type { LocalProcessInputs } from "./inputs";
import { type Properties, assetArchive } from "./values";

export interface LocalOutput extends CommandOutput {
  /** Assets by path relative to `dir`, when `assetPaths` asks for them. */
  readonly assets?: Properties;
  /** One archive, when `archivePaths` asks for it. */
  readonly archive?: Properties;
}

const graceMilliseconds = 2000;

/**
 * Runs one command and gathers the files that it is asked for.
 * @throws Error with the command's output when it fails.
 */
export async function runLocal(
  inputs: LocalProcessInputs,
  command: string,
  previous: Partial<CommandOutput>,
  context: RunContext,
): Promise<LocalOutput> {
  const folder = inputs.dir ?? process.cwd();
  const output = await runProcess(inputs, command, previous, folder, context);
  const assets = inputs.assetPaths === undefined ? undefined : collectFiles(folder, inputs.assetPaths);
  const archived = inputs.archivePaths === undefined ? undefined : collectFiles(folder, inputs.archivePaths);
  return {
    ...output,
    ...(assets === undefined ? {} : { assets: assets.files }),
    ...(archived === undefined ? {} : { archive: assetArchive(archived.files, archived.digest) }),
  };
}

function runProcess(
  inputs: LocalProcessInputs,
  command: string,
  previous: Partial<CommandOutput>,
  folder: string,
  context: RunContext,
): Promise<CommandOutput> {
  const own = inputs.interpreter ?? [];
  const [program = "/bin/sh", ...args] = own.length === 0 ? ["/bin/sh", "-c"] : own;
  const collector = new OutputCollector(context, inputs.logging);
  return new Promise((resolve, reject) => {
    context.signal.throwIfAborted();
    // A group of its own, so that what the command started ends with it.
    const child = spawn(program, [...args, command], {
      cwd: folder,
      env: { ...process.env, ...inputs.environment, ...previousOutput(inputs, previous) },
      detached: true,
    });
    const kill = (signal: NodeJS.Signals): void => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, signal);
      } catch {
        // The group is gone already.
      }
    };
    const onAbort = (): void => {
      kill("SIGTERM");
      setTimeout(() => {
        kill("SIGKILL");
      }, graceMilliseconds).unref();
      const reason: unknown = context.signal.reason;
      reject(reason instanceof Error ? reason : new Error("cancelled"));
    };
    context.signal.addEventListener("abort", onAbort);
    child.stdout.setEncoding("utf8").on("data", collector.onStdout);
    child.stderr.setEncoding("utf8").on("data", collector.onStderr);
    child.on("error", reject);
    child.on("close", (code, signal) => {
      context.signal.removeEventListener("abort", onAbort);
      try {
        resolve(collector.finish(command, code ?? undefined, signal ?? undefined));
      } catch (error) {
        reject(error instanceof Error ? error : new Error(String(error)));
      }
    });
    // A command that does not read its input closes the pipe: not an error of the command.
    child.stdin.on("error", () => undefined);
    child.stdin.end(inputs.stdin ?? "");
  });
}
