import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { parseConfig } from "../../plan/config";
import { diskImagePlan } from "../../plan/qemu";
import { imageHandler } from "../../provider/image";

/** Seconds: a first image is made from packages. */
const imageTimeout = 600;
const bootTimeout = 120;

/** Milliseconds for a `beforeAll` that starts a guest. */
export const startTimeout = (imageTimeout + bootTimeout) * 1000;

/** Why no guest can be started here; undefined when one can. */
function whyNoGuest(): string | undefined {
  if (process.platform !== "linux") return "namespaces exist on Linux only";
  if (process.getuid?.() !== 0) return "mounting the guest image needs root";
  const missing = ["unshare", "nsenter", "mmdebstrap"].filter((name) => spawnSync("which", [name]).status !== 0);
  if (missing.length > 0) return `not installed: ${missing.join(", ")}`;
  if (!existsSync("/dev/loop-control")) return "there are no loop devices";
  return undefined;
}

/** `describe`, or where no guest can be started a skipped one whose name tells the reason. */
export function describeInGuest(name: string, body: () => void): void {
  const reason = whyNoGuest();
  if (reason === undefined) {
    describe(name, body);
  } else {
    describe.skip(`${name} (skipped: ${reason})`, body);
  }
}

export interface Result {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The lab's guest image with its own systemd, in namespaces. */
export class Guest {
  private constructor(
    private readonly process: ChildProcess,
    private readonly folder: string,
    /** Of the guest's process 1, as seen from outside. */
    private readonly pid: number,
  ) {}

  static async start(): Promise<Guest> {
    const disk = await imageDisk();
    const folder = mkdtempSync(join(tmpdir(), "lab-guest-"));
    const namespaces = ["--mount", "--pid", "--net", "--ipc", "--uts", "--cgroup", "--fork", "--kill-child"];
    const child = spawn("unshare", [...namespaces, "bash", join(__dirname, "guest.sh"), disk, folder], {
      stdio: ["ignore", "ignore", "inherit"],
    });
    let words = "";
    for (let tries = 0; tries < bootTimeout * 10 && child.exitCode === null; tries++) {
      const pid = firstChild(child.pid);
      if (pid !== undefined) {
        const guest = new Guest(child, folder, pid);
        const state = guest.run(["systemctl", "is-system-running"]).stdout.trim();
        if (state === "running") return guest;
        words = `${state}\n${guest.run(["bash", "-c", "systemctl list-jobs; systemctl --failed; journalctl -qb --no-pager -n 50"]).stdout}`;
        if (state === "degraded") break;
      }
      await sleep(100);
    }
    child.kill("SIGKILL");
    throw new Error(`The guest's systemd did not start; see the lines above, and its own: ${words}`);
  }

  /** Runs a command as root inside, in the environment of a shell on the gateway. */
  run(command: readonly string[], input = ""): Result {
    const { status, stdout, stderr } = spawnSync(
      "nsenter",
      [
        "--target",
        String(this.pid),
        "--all",
        "--root",
        "--wd",
        "--",
        "env",
        "-i",
        "PATH=/usr/sbin:/usr/bin",
        ...command,
      ],
      { input, encoding: "utf8", maxBuffer: 64 * 1024 * 1024 },
    );
    return { status, stdout, stderr };
  }

  /** The standard output of a shell command that must succeed. */
  shell(script: string, input = ""): string {
    const { status, stdout, stderr } = this.run(["bash", "-euc", script], input);
    if (status !== 0) throw new Error(`${script}\nexit ${String(status)}\n${stdout}${stderr}`);
    return stdout;
  }

  write(path: string, content: string): void {
    this.shell(`mkdir -p "${path.slice(0, path.lastIndexOf("/"))}"; cat >"${path}"`, content);
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.process.once("exit", resolve));
    this.process.kill("SIGKILL");
    await ended;
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** The image in the cache, made first when it is not there. */
async function imageDisk(): Promise<string> {
  const never = new AbortController().signal;
  const say = (line: string) => void process.stderr.write(`${line}\n`);
  const { outputs } = await imageHandler.create(
    { source: diskImagePlan(parseConfig({}).image) },
    { signal: never, progress: say, info: say, warn: say },
  );
  return z.object({ disk: z.string() }).parse(outputs).disk;
}

function firstChild(pid: number | undefined): number | undefined {
  try {
    const children = readFileSync(`/proc/${String(pid)}/task/${String(pid)}/children`, "utf8").trim();
    return children === "" ? undefined : Number(children.split(" ")[0]);
  } catch {
    return undefined;
  }
}
