/** From power-on to a machine that can be logged into, with an eye on what can go wrong on the way. */
import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import type { OperationContext } from "../../plugin/handler";
import { greets } from "../../ssh/greeting";
import { isFileInGuest } from "./agent";
import { consoleProblem } from "./console";
import type { MachinePaths } from "./paths";
import { processesOf } from "./process";

/** Milliseconds after which the wait is left to those who want to log in: they have limits of their own. */
const patience = 15 * 60_000;
/** Seconds in which a running sshd greets, also in a busy emulated machine. */
const greetingLimit = 3;
/** What sshd writes when it listens (sshd_config(5), PidFile), and the seconds for a look at it. */
const pidFile = "/run/sshd.pid";
const lookLimit = 60;
/** Milliseconds between two tries. The guest's agent has each look noted in the journal, which costs more than the look. */
const lookPause = 500;
const greetingPause = 200;

/** A machine that was restored has an agent that can be asked before sshd runs. */
export async function awaitRestoredSshd(name: string, paths: MachinePaths, context: OperationContext): Promise<void> {
  await awaitTrue(name, paths, context, lookPause, () =>
    isFileInGuest(paths.agent, pidFile, lookLimit, context.signal),
  );
}

/**
 * Waits until the guest's sshd greets on its forwarded port. QEMU itself accepts connections from the start, so only
 * the greeting (RFC 4253 section 4.2) tells. Each greeting costs the guest a process, and in an emulated one half a second.
 * @throws Error when the guest's kernel crashes or the machine ends meanwhile.
 */
export async function awaitSshd(
  name: string,
  port: number,
  paths: MachinePaths,
  context: OperationContext,
): Promise<void> {
  await awaitTrue(name, paths, context, greetingPause, () => greets("127.0.0.1", port, greetingLimit));
}

async function awaitTrue(
  name: string,
  paths: MachinePaths,
  { signal, progress }: OperationContext,
  pause: number,
  isTrue: () => Promise<boolean>,
): Promise<void> {
  const started = Date.now();
  let told = 0;
  while (Date.now() - started < patience && !(await isTrue())) {
    signal.throwIfAborted();
    requireLife(name, paths);
    const seconds = Math.round((Date.now() - started) / 1000);
    if (seconds >= told + 5) {
      progress(`booting, ${seconds} s`);
      told = seconds;
    }
    await delay(pause, undefined, { signal });
  }
}

function requireLife(name: string, paths: MachinePaths): void {
  const log = readConsole(paths);
  const problem = consoleProblem(log);
  if (problem !== undefined) {
    throw new Error(`The kernel of ${name} crashed while it booted (${problem}). Run \`up\` again.`);
  }
  if (processesOf(paths).length === 0) {
    const last = log.trimEnd().split(/\r?\n/).slice(-5).join("\n  ");
    throw new Error(`${name} ended while it booted. Run \`up\` again. Its console said at last:\n  ${last}`);
  }
}

function readConsole(paths: MachinePaths): string {
  try {
    return readFileSync(paths.console, "utf8");
  } catch {
    return ""; // Nothing was printed yet.
  }
}
