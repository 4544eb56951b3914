/** A lock between processes of this machine, which a dead owner does not keep. */
import { mkdirSync, readlinkSync, rmSync, symlinkSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { codeOf } from "./messages";
import { isAlive, startMark } from "./processes";

const pollMilliseconds = 200;

/**
 * Runs `work` while holding the lock, waiting for another process that holds it.
 * @param path of the lock: a symbolic link to its owner's words, because a link appears with its content.
 * @param onWait told the owner's process number when there is something to wait for, and of each owner who comes next.
 * @param signal ends the wait.
 */
export async function withLock<T>(
  path: string,
  onWait: (pid: number) => void,
  work: () => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  let told: number | undefined;
  while (!tryAcquire(path)) {
    const pid = parseInt(ownerOf(path) ?? "", 10);
    if (pid !== told && !Number.isNaN(pid)) {
      onWait(pid);
      told = pid;
    }
    signal?.throwIfAborted();
    await delay(pollMilliseconds);
  }
  try {
    return await work();
  } finally {
    release(path);
  }
}

/** The process that has the lock; undefined: nobody who lives. */
export function holderOf(path: string): number | undefined {
  const owner = ownerOf(path);
  return owner !== undefined && isHeldBy(owner) ? parseInt(owner, 10) : undefined;
}

/** Gives up a lock that this process has. */
export function release(path: string): void {
  rmSync(path, { force: true });
}

/** Takes the lock when it is free. One of a dead owner, or of nobody, is free at the next try. */
export function tryAcquire(path: string): boolean {
  mkdirSync(dirname(path), { recursive: true });
  try {
    symlinkSync(wordsOf(process.pid), path);
    return true;
  } catch (error) {
    // ENOENT: the folder was removed a moment ago, with the last thing that was in it.
    if (codeOf(error) !== "EEXIST" && codeOf(error) !== "ENOENT") throw error;
  }
  const owner = ownerOf(path);
  if (owner !== undefined && !isHeldBy(owner)) removeStale(path, owner);
  return false;
}

function wordsOf(pid: number): string {
  return `${pid}:${startMark(pid)}`;
}

/** The words of the lock's owner; empty for a file that is no lock (EINVAL), undefined without one. */
function ownerOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch (error) {
    return codeOf(error) === "EINVAL" ? "" : undefined;
  }
}

/** Whether the process that wrote the words is the one that has its number now. */
function isHeldBy(owner: string): boolean {
  const pid = parseInt(owner, 10);
  return pid > 0 && isAlive(pid) && wordsOf(pid) === owner;
}

/**
 * Removes a lock whose owner cannot remove it any more. A lock of its own, named by that owner, says who may: so the
 * lock that is looked at is the one that is removed, never the one that a third process has taken meanwhile.
 */
function removeStale(path: string, owner: string): void {
  const right = `${path}.of-${owner}`;
  if (!tryAcquire(right)) return;
  try {
    if (ownerOf(path) === owner) rmSync(path, { force: true });
  } finally {
    rmSync(right, { force: true });
  }
}
