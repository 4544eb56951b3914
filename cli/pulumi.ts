/** Pulumi's CLI on a stack of this project. */
import { existsSync, readFileSync } from "node:fs";
import { ConfigError } from "../plan/problem";
import type { Deployment } from "./backend";
import { runInForeground } from "../host/foreground";
import { UserError, say } from "../host/messages";
import { passphraseFits, passphraseOf } from "./passphrase";
import { projectRoot, stackFolder } from "../host/paths";
import { run } from "../host/processes";
import { removeStackMachines } from "../provider/qemu/remains";
import { removeAbandonedTemplates } from "../provider/qemu/template";
import { configuredStacks, projectName, stackFile } from "./project";
import { removeWorkingCopy, syncWorkingCopy } from "./stack-config";
import { silentProblems } from "./stack-file";
import { clearStaleLocks, readStack, removeLeftovers } from "./stack-state";
import { z } from "zod";

export type Operation = "up" | "preview" | "refresh" | "destroy";

/** Runs an operation in the foreground on a stack that exists; gives Pulumi's exit code. */
export async function operate(
  deployment: Deployment,
  operation: Operation,
  stack: string,
  args: readonly string[],
): Promise<number> {
  const { own } = deployment;
  if (operation === "up" || operation === "preview") requireReadableFile(stack);
  if (own !== undefined) requireNoLock(deployment, stack);
  const config = own === undefined ? [] : ["--config-file", syncWorkingCopy(own, stack, readStack(own, stack)?.salt)];
  const code = await runInForeground(deployment.toolchain.pulumi, [operation, "--stack", stack, ...config, ...args], {
    cwd: projectRoot,
    env: deployment.env,
  });
  if (code !== 0) {
    // Two that began in the same moment saw no lock, and one of them did not get it: Pulumi advises to delete the other's.
    requireNoLock(deployment, stack);
    explainPassphrase(deployment, stack);
  }
  return code;
}

/** Whether the stack exists in its backend. */
export async function stackExists(deployment: Deployment, stack: string): Promise<boolean> {
  if (deployment.own !== undefined) return readStack(deployment.own, stack) !== undefined;
  const answer = await captured(deployment, ["stack", "ls", "--json"]);
  const names = z.array(z.object({ name: z.string() })).parse(JSON.parse(answer));
  return names.some(({ name }) => name.replace(/\*$/, "") === stack);
}

/** @throws UserError for a stack without a file, with those that have one. */
export function requireConfigured(stack: string): void {
  const known = configuredStacks();
  if (!known.includes(stack)) {
    throw new UserError(
      `There is no stack "${stack}": neither a file Pulumi.${stack}.yaml nor a state. ` +
        `Stacks with a file here: ${known.join(", ")}. Another begins as a copy of one of these files.`,
    );
  }
}

/**
 * Makes the stack when its backend does not have it.
 * @throws UserError when it is in no stack file either: a mistyped name must not make a lab.
 */
export async function ensureStack(deployment: Deployment, stack: string): Promise<void> {
  if (await stackExists(deployment, stack)) return;
  requireConfigured(stack);
  const { own } = deployment;
  if (own !== undefined) syncWorkingCopy(own, stack, undefined);
  const cwd = own === undefined ? projectRoot : own.config;
  await captured(deployment, ["stack", "init", stack, "--no-select", "--non-interactive"], cwd);
}

/**
 * Removes a stack that has no resources any more, and what is left of it here, whether its state knows it or not. A
 * stack with resources is left.
 */
export async function removeStack(deployment: Deployment, stack: string): Promise<void> {
  const { own } = deployment;
  if (own !== undefined && (readStack(own, stack)?.resources ?? 0) > 0) return;
  await captured(deployment, ["stack", "rm", stack, "--yes", "--preserve-config", "--non-interactive"]);
  await removeRemains(deployment, stack);
  say(`Stack ${stack}: removed.`);
}

/**
 * Ends the machines of a stack that is in no state, and removes its files.
 * @returns whether there were any machines.
 */
export async function removeRemains({ own }: Deployment, stack: string): Promise<boolean> {
  const context = { progress: say, signal: new AbortController().signal };
  const machines = await removeStackMachines(stackFolder(stack), context);
  await removeAbandonedTemplates();
  if (machines.length > 0) say(`Stack ${stack}: ended and removed ${machines.join(", ")}, which no state knew.`);
  if (own !== undefined) {
    removeLeftovers(own, stack);
    removeWorkingCopy(own, stack);
  }
  return machines.length > 0;
}

/**
 * An interrupted run may have left creations whose end nobody knows; the provider cleans what it finds half-made.
 * @throws UserError when another run holds the stack.
 */
export async function clearPendingCreates(deployment: Deployment, stack: string): Promise<void> {
  requireNoLock(deployment, stack);
  const { own } = deployment;
  const pending = own === undefined ? 0 : (readStack(own, stack)?.pendingCreates ?? 0);
  if (pending === 0) return;
  say(`Stack ${stack}: an interrupted run left ${pending} unfinished creation(s); clearing them first.`);
  await operate(deployment, "refresh", stack, ["--clear-pending-creates", "--yes", "--skip-preview"]);
}

/** @throws ConfigError for what Pulumi would take from the stack's file without a word, and wrongly. */
function requireReadableFile(stack: string): void {
  const file = stackFile(stack);
  const problems = existsSync(file) ? silentProblems(readFileSync(file, "utf8"), projectName()) : [];
  if (problems.length > 0) throw new ConfigError(problems);
}

/** @throws UserError when another run holds the stack; locks of dead runs are removed. */
export function requireNoLock({ own }: Deployment, stack: string): void {
  if (own === undefined) return;
  const { removed, live } = clearStaleLocks(own, stack);
  if (removed > 0) say(`Stack ${stack}: removed ${removed} lock(s) of a run that has died.`);
  if (live !== undefined) {
    throw new UserError(
      `Stack ${stack} is in use: process ${live.pid} has been working on it since ${live.timestamp}. ` +
        `Wait for it to end, or stop it with: kill -INT ${live.pid}`,
    );
  }
}

/** Pulumi's own words for a wrong passphrase do not say which one it took, and from where. */
function explainPassphrase({ own, env }: Deployment, stack: string): void {
  const salt = own === undefined ? undefined : readStack(own, stack)?.salt;
  const passphrase = passphraseOf(env);
  if (salt === undefined || passphrase === undefined) return;
  if (passphraseFits(passphrase.text, salt) !== false) return;
  say(
    `The passphrase in ${passphrase.origin} is not the one that stack ${stack} was made with. ` +
      `Put the right one back; nothing was changed.`,
  );
}

async function captured(deployment: Deployment, args: readonly string[], cwd: string = projectRoot): Promise<string> {
  const result = await run(deployment.toolchain.pulumi, args, { cwd, env: deployment.env });
  if (result.code === 0) return result.stdout;
  const words = (result.stderr.trim() || result.stdout.trim()).replace(/^error: /, "");
  throw new UserError(`pulumi ${args.slice(0, 3).join(" ")} failed: ${words}`);
}
