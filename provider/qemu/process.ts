/** QEMU's process: which one is a machine's, and its end. */
import { execFileSync, spawn } from "node:child_process";
import { closeSync, openSync, readdirSync, readFileSync, readlinkSync, statSync } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { isAlive, plainEnvironment, sendSignal } from "../../host/processes";
import { type MachinePaths, pidFileName } from "./paths";
import { ProgramFailure } from "../../host/long-process";
import { makePipes } from "./pipes";
import { queryStatus, quit } from "./qmp";

/** Milliseconds that QEMU may take to set a machine up. */
const startLimit = 20_000;

/** A QEMU of this user that runs a machine of a lab. */
export interface MachineProcess {
  readonly pid: number;
  /** The machine's folder where it is now, or was when it was deleted. */
  readonly folder: string;
  readonly commandLine: string;
}

/**
 * All machines of all labs of this user that run. What a process is shows its program, its user and the folder that it
 * works in (proc_pid_cwd(5)), which the kernel knows whatever was moved or deleted since: no file has to be there.
 * @param system where it is not Linux, ps(1) is asked.
 */
export function machineProcesses(system: NodeJS.Platform = process.platform): MachineProcess[] {
  return system === "linux" ? fromProc() : fromPs();
}

/** The processes that run this machine: more than one if an earlier one was lost sight of. */
export function processesOf({ folder }: Pick<MachinePaths, "folder">): MachineProcess[] {
  return machineProcesses().filter((each) => each.folder === folder);
}

function fromProc(): MachineProcess[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => machineOf(Number(name)) ?? []);
}

function machineOf(pid: number): MachineProcess | undefined {
  const proc = `/proc/${pid}`;
  try {
    const words = readFileSync(`${proc}/cmdline`, "utf8").split("\0");
    const pidFile = words[words.indexOf("-pidfile") + 1] ?? "";
    if (basename(pidFile) !== pidFileName || !basename(readlinkSync(`${proc}/exe`)).includes("qemu-system")) {
      return undefined;
    }
    const folder = dirname(resolve(readlinkSync(`${proc}/cwd`).replace(/ \(deleted\)$/, ""), pidFile));
    // Anybody can give a program our arguments; and in a container our paths are those of other files.
    const users = [process.getuid?.(), statSync(folder, { throwIfNoEntry: false })?.uid];
    const ours = users.includes(statSync(proc).uid) && isSameFile(`${proc}/root`, "/");
    return ours ? { pid, folder, commandLine: words.join(" ") } : undefined;
  } catch {
    return undefined; // Ended meanwhile, or not ours to look into.
  }
}

function isSameFile(a: string, b: string): boolean {
  const [one, other] = [statSync(a), statSync(b)];
  return one.dev === other.dev && one.ino === other.ino;
}

/** Where there is no /proc the folder shows in the path of the console, in which QEMU's syntax doubles commas. */
function fromPs(): MachineProcess[] {
  return execFileSync("ps", ["-ww", "-U", String(process.getuid?.()), "-o", "pid=,command="], { encoding: "utf8" })
    .split("\n")
    .flatMap((line) => {
      const [, pid, commandLine = ""] = /^\s*(\d+) (\S*qemu-system-\S+ .*)$/.exec(line) ?? [];
      const [, folder] = / -chardev file,id=console,path=(.+?)\/console\.log -serial /.exec(commandLine) ?? [];
      return folder === undefined ? [] : [{ pid: Number(pid), folder: folder.replaceAll(",,", ","), commandLine }];
    });
}

/**
 * Starts QEMU so that it outlives this process, and returns when it answers on its control socket. QEMU's own
 * `-daemonize` is not used: it needs what its sandbox forbids.
 * @returns its process number and what the machine does, e.g. `running`.
 * @throws ProgramFailure with QEMU's words when it ends instead.
 */
export async function startMachine(
  emulator: string,
  args: readonly string[],
  paths: MachinePaths,
  signal: AbortSignal,
): Promise<{ readonly pid: number; readonly status: string }> {
  signal.throwIfAborted();
  await makePipes(paths.agent, signal);
  const log = openSync(paths.log, "w", 0o600);
  const child = spawn(emulator, args, {
    // By which the process is known.
    cwd: paths.folder,
    // It lives for long: no secret of ours.
    env: plainEnvironment(),
    detached: true,
    stdio: ["ignore", log, log],
  });
  closeSync(log);
  let ended: string | undefined;
  child.on("error", (error) => (ended = error.message));
  child.on("exit", (code, by) => (ended = `ended with ${code ?? by ?? "nothing"}`));
  child.unref();
  const until = Date.now() + startLimit;
  for (;;) {
    await delay(20);
    signal.throwIfAborted();
    if (ended !== undefined) {
      const said = readFileSync(paths.log, "utf8").trim();
      throw new ProgramFailure(emulator, child.exitCode ?? undefined, said === "" ? ended : said);
    }
    const status = await queryStatus(paths.qmp).catch(() => undefined);
    if (status !== undefined && child.pid !== undefined) return { pid: child.pid, status };
    if (Date.now() > until) throw new ProgramFailure(emulator, undefined, "it does not answer on its control socket");
  }
}

/** Ends the machine's processes: asks QEMU, then the kernel, then insists. Returns when none is left. */
export async function endMachine(paths: Pick<MachinePaths, "folder" | "qmp">): Promise<void> {
  if (processesOf(paths).length === 0) return;
  await quit(paths.qmp).catch(() => undefined);
  for (const [signal, milliseconds] of [
    [undefined, 1000],
    ["SIGTERM", 1000],
    ["SIGKILL", 3000],
  ] as const) {
    const pids = processesOf(paths).map(({ pid }) => pid);
    if (signal !== undefined)
      pids.forEach((pid) => {
        sendSignal(pid, signal);
      });
    if (await gone(pids, milliseconds)) return;
  }
  const left = processesOf(paths).map(({ pid }) => pid);
  throw new Error(`QEMU (process ${left.join(", ")}) does not end, even when killed: its disk or memory hangs.`);
}

async function gone(pids: readonly number[], milliseconds: number): Promise<boolean> {
  const until = Date.now() + milliseconds;
  while (pids.some(isAlive)) {
    if (Date.now() > until) return false;
    await delay(20);
  }
  return true;
}
