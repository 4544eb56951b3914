/** Runs the project's own commands, as a user would, and keeps what they printed. */
import { spawn, type ChildProcess } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { stringify } from "yaml";
import { typescriptLoader } from "../../host/paths";

export const projectFolder = path.join(__dirname, "..", "..");

export interface Outcome {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly seconds: number;
}

/** One stack with a configuration of its own, which no user's lab is touched by. */
export class Stack {
  private readonly configFile: string;
  private configured = false;

  /** @param environment of its commands, beside this process's own. */
  constructor(
    readonly name: string,
    private readonly environment: () => NodeJS.ProcessEnv = () => ({}),
  ) {
    this.configFile = path.join(projectFolder, `Pulumi.${name}.yaml`);
  }

  /** Writes the whole configuration of the stack: keys without the namespace. The first command writes an empty one. */
  configure(config: Readonly<Record<string, unknown>>): void {
    const entries = Object.entries(config).map(([key, value]): [string, unknown] => [`ipv6-only-lab:${key}`, value]);
    const text = stringify({ config: Object.fromEntries(entries) }, { version: "1.1", lineWidth: 0 });
    fs.writeFileSync(this.configFile, text);
    this.configured = true;
  }

  /** `npm run <command> -- --stack <this> …`, to its end. */
  run(command: string, ...args: string[]): Promise<Outcome> {
    return finish(this.start(command, ...args));
  }

  /** Like `run`, and fails with what was printed unless the command succeeds. */
  async succeed(command: string, ...args: string[]): Promise<Outcome> {
    const outcome = await this.run(command, ...args);
    if (outcome.exitCode !== 0) {
      throw new Error(`${command} ended with ${outcome.exitCode ?? "a signal"}:\n${outcome.stdout}\n${outcome.stderr}`);
    }
    return outcome;
  }

  start(command: string, ...args: string[]): ChildProcess {
    return this.cli(command, "--stack", this.name, ...args);
  }

  private cli(...args: string[]): ChildProcess {
    if (!this.configured) this.configure({});
    return spawn(process.execPath, [...typescriptLoader, path.join(projectFolder, "cli", "main.ts"), ...args], {
      cwd: projectFolder,
      env: { ...process.env, ...this.environment() },
      stdio: ["ignore", "pipe", "pipe"],
    });
  }

  /** The files of the stack's virtual machines. */
  get stateFolder(): string {
    return path.join(projectFolder, ".lab", "stacks", this.name);
  }

  /** Process ids of the stack's QEMU processes by machine, as the system's process table knows them. */
  machines(): Map<string, number> {
    const found = new Map<string, number>();
    for (const entry of fs.readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
      const machine = this.machineOf(Number(entry));
      if (machine !== undefined) {
        found.set(machine, Number(entry));
      }
    }
    return found;
  }

  /** Forgets what an earlier run recorded of a place that is no longer there. */
  async discard(): Promise<void> {
    // A run that was killed leaves its lock.
    await finish(this.cli("pulumi", "cancel", this.name, "--yes"));
    await finish(this.cli("pulumi", "stack", "rm", this.name, "--force", "--yes"));
    fs.rmSync(this.stateFolder, { recursive: true, force: true });
  }

  /** Takes the configuration file away; the lab itself is taken away by `destroy`. */
  forget(): void {
    fs.rmSync(this.configFile, { force: true });
    this.configured = false;
  }

  private machineOf(pid: number): string | undefined {
    let words: string[];
    try {
      words = fs.readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
    } catch {
      // The process ended while the table was read.
      return undefined;
    }
    if (!(words[0] ?? "").includes("qemu-system")) {
      return undefined;
    }
    const own = words.find((word) => word.includes(`${this.stateFolder}/`));
    return own === undefined
      ? undefined
      : own.slice(own.indexOf(this.stateFolder) + this.stateFolder.length + 1).split("/")[0];
  }
}

export async function finish(child: ChildProcess): Promise<Outcome> {
  const started = performance.now();
  let stdout = "";
  let stderr = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const exitCode = await new Promise<number | null>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", resolve);
  });
  return { exitCode, stdout, stderr, seconds: (performance.now() - started) / 1000 };
}

/** Seconds in a test's name are only reported, never a reason to fail. */
export function report(what: string, { seconds }: Pick<Outcome, "seconds">): void {
  process.stderr.write(`    ${what}: ${seconds.toFixed(1)} s\n`);
}
