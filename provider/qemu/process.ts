/** QEMU's process: which one is a machine's, and its end. */
import { execFileSync, spawn } from "node:child_process";
import { closeSync, openSync, readdirSync, readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { isAlive } from "../../host/processes";
import type { MachinePaths } from "./paths";
import { ProgramFailure } from "../../host/long-process";
import { queryStatus, quit } from "./qmp";

/** Milliseconds that QEMU may take to set a machine up. */
const startLimit = 20_000;

/**
 * The processes that run this machine: those whose arguments name its PID file. That is the proof that a process is
 * ours to end, whatever number a file holds.
 */
export function machineProcesses(paths: MachinePaths): number[] {
  return process.platform === "linux" ? fromProc(paths.pid) : fromPs(paths.pid);
}

function fromProc(pidFile: string): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => {
      const words = commandLine(name);
      const at = words.indexOf("-pidfile");
      return at > 0 && words[at + 1] === pidFile;
    })
    .map(Number);
}

function commandLine(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
  } catch {
    return []; // Ended meanwhile, or another user's.
  }
}

function fromPs(pidFile: string): number[] {
  return execFileSync("ps", ["-axww", "-o", "pid=,command="], { encoding: "utf8" })
    .split("\n")
    .filter((line) => line.endsWith(` -pidfile ${pidFile}`))
    .map((line) => parseInt(line, 10));
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
  const log = openSync(paths.log, "w", 0o600);
  const child = spawn(emulator, args, { detached: true, stdio: ["ignore", log, log] });
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
export async function endMachine(paths: MachinePaths): Promise<void> {
  const pids = machineProcesses(paths);
  if (pids.length === 0) return;
  await quit(paths.qmp).catch(() => undefined);
  for (const [signal, milliseconds] of [
    [undefined, 1000],
    ["SIGTERM", 1000],
    ["SIGKILL", 3000],
  ] as const) {
    if (signal !== undefined) machineProcesses(paths).forEach((pid) => process.kill(pid, signal));
    if (await gone(pids, milliseconds)) return;
  }
  throw new Error(`QEMU (process ${pids.join(", ")}) does not end, even when killed: its disk or memory hangs.`);
}

async function gone(pids: readonly number[], milliseconds: number): Promise<boolean> {
  const until = Date.now() + milliseconds;
  while (pids.some(isAlive)) {
    if (Date.now() > until) return false;
    await delay(20);
  }
  return true;
}
