/** The project's own commands, timed from outside. */
import { spawnSync } from "node:child_process";
import * as path from "node:path";
import { UserError } from "../../host/messages";
import { projectRoot, typescriptLoader } from "../../host/paths";

export interface Run {
  readonly seconds: number;
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command of the project, whatever it comes to. */
export function run(args: readonly string[]): Run {
  const started = performance.now();
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [...typescriptLoader, path.join(projectRoot, "cli", "main.ts"), ...args],
    { cwd: projectRoot, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"], maxBuffer: 2 ** 28 },
  );
  return { seconds: (performance.now() - started) / 1000, code: status, stdout, stderr };
}

/**
 * @param codes that are as they should be.
 * @throws UserError with what it printed when it ends otherwise.
 */
export function succeed(args: readonly string[], codes: readonly number[] = [0]): Run {
  const done = run(args);
  if (done.code !== null && codes.includes(done.code)) return done;
  throw new UserError(`${args.join(" ")} ended with ${done.code ?? "a signal"}:\n${done.stdout}\n${done.stderr}`);
}
