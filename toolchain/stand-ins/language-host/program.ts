/** One run of the user's program in a Node process of its own. */
import { type ChildProcess, spawn } from "node:child_process";
import { createRequire } from "node:module";
import { join } from "node:path";
import { type RunRequest, RunResponse } from "@pulumi/pulumi/proto/language_pb";
import { programCommand, programEnvironment } from "./program-arguments";

/** `cmd/run` of the SDK ends with this code when it has logged the error itself. */
const errorAlreadyLogged = 32;
const graceMilliseconds = 3000;

export class RunningProgram {
  readonly response: Promise<RunResponse>;
  private readonly child: ChildProcess;

  constructor(request: RunRequest, engineAddress: string) {
    const folder = request.getInfo()?.getProgramDirectory() ?? request.getPwd();
    const command = programCommand(request, engineAddress, runnerOf(folder));
    this.child = spawn(process.execPath, command, {
      cwd: folder,
      env: { ...process.env, ...programEnvironment(request) },
      stdio: ["ignore", "inherit", "inherit"],
    });
    this.response = new Promise((resolve) => {
      this.child.on("error", (error) => {
        resolve(new RunResponse().setError(`The program could not be started: ${error.message}`));
      });
      this.child.on("exit", (code, signal) => {
        resolve(responseTo(code, signal));
      });
    });
  }

  /** Asks the program to end, and ends it when it has not after a few seconds. */
  cancel(): void {
    this.child.kill("SIGTERM");
    setTimeout(() => {
      this.child.kill("SIGKILL");
    }, graceMilliseconds).unref();
  }
}

/** The SDK's own entry point, from the program's dependencies, so that their versions agree. */
function runnerOf(folder: string): string {
  try {
    return createRequire(join(folder, "package.json")).resolve("@pulumi/pulumi/cmd/run");
  } catch {
    throw new Error(`@pulumi/pulumi is not installed in ${folder}. Run: npm ci`);
  }
}

function responseTo(code: number | null, signal: NodeJS.Signals | null): RunResponse {
  if (code === 0) return new RunResponse();
  if (code === errorAlreadyLogged) return new RunResponse().setBail(true);
  const how = code === null ? `was ended by ${signal ?? "a signal"}` : `exited with code ${code}`;
  return new RunResponse().setError(`The program ${how}.`);
}
