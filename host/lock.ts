/** A lock between processes of this machine, which a dead owner does not keep. */
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import { codeOf } from "./messages";
import { isAlive, startMark } from "./processes";

const ownerSchema = z.object({ pid: z.number().int().positive(), started: z.string() });
export type LockOwner = z.infer<typeof ownerSchema>;

const pollMilliseconds = 200;

/**
 * Runs `work` while holding the lock file, waiting for another process that holds it.
 * @param onWait told once, with the owner's process number, when there is something to wait for.
 * @param signal ends the wait.
 */
export async function withLock<T>(
  path: string,
  onWait: (pid: number) => void,
  work: () => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  mkdirSync(dirname(path), { recursive: true });
  let told = false;
  while (!tryAcquire(path)) {
    const owner = readOwner(path);
    if (owner !== undefined && !told) {
      onWait(owner.pid);
      told = true;
    }
    signal?.throwIfAborted();
    await delay(pollMilliseconds);
  }
  try {
    return await work();
  } finally {
    rmSync(path, { force: true });
  }
}

/** Takes the lock when it is free or its owner is dead. */
export function tryAcquire(path: string): boolean {
  const own: LockOwner = { pid: process.pid, started: startMark(process.pid) };
  // A link appears with its content; a file that is opened and then written would be seen empty.
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, JSON.stringify(own));
  try {
    linkSync(draft, path);
    return true;
  } catch (error) {
    if (codeOf(error) !== "EEXIST") throw error;
  } finally {
    rmSync(draft, { force: true });
  }
  const text = readText(path);
  if (text !== undefined && !ownerLives(parseOwner(text))) removeStale(path, text);
  return false;
}

/** Whether the process that wrote the lock is the one that has its number now. */
export function ownerLives(owner: LockOwner | undefined): boolean {
  if (owner === undefined || !isAlive(owner.pid)) return false;
  const now = startMark(owner.pid);
  return owner.started === "" || now === "" || owner.started === now;
}

/**
 * Moves the dead owner's lock away before deleting it: of two processes that see it only one does, and a lock that a
 * third has taken meanwhile is put back.
 */
function removeStale(path: string, text: string): void {
  const aside = `${path}.stale.${process.pid}`;
  try {
    renameSync(path, aside);
  } catch {
    return;
  }
  if (readText(aside) === text) rmSync(aside, { force: true });
  else renameSync(aside, path);
}

function readOwner(path: string): LockOwner | undefined {
  const text = readText(path);
  return text === undefined ? undefined : parseOwner(text);
}

/** A lock that nobody can read has no owner. */
function parseOwner(text: string): LockOwner | undefined {
  try {
    return ownerSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
