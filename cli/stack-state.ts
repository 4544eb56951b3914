/** What the project's own file backend holds: read straight from its files, which is a hundred times quicker. */
import { readFileSync, readdirSync, rmSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import type { StatePaths } from "../host/paths";
import { isAlive } from "../host/processes";
import { projectName } from "./project";

const checkpointSchema = z.object({
  checkpoint: z.object({
    latest: z
      .object({
        secrets_providers: z.object({ state: z.object({ salt: z.string().optional() }).optional() }).optional(),
        resources: z.array(z.unknown()).optional(),
        pending_operations: z.array(z.object({ type: z.string() })).optional(),
      })
      .optional(),
  }),
});

export interface StackState {
  readonly resources: number;
  /** Creations that an interrupted run left unfinished. */
  readonly pendingCreates: number;
  /** Of the passphrase secrets manager. */
  readonly salt: string | undefined;
}

function bookkeeping(state: StatePaths): string {
  return join(state.backend, ".pulumi");
}

/** Names of the stacks in the state, sorted. */
export function stacksInState(state: StatePaths): string[] {
  return list(join(bookkeeping(state), "stacks", projectName()))
    .map((file) => /^(.+)\.json$/.exec(file)?.[1])
    .filter((name) => name !== undefined)
    .sort();
}

/** Undefined when there is no such stack. */
export function readStack(state: StatePaths, stack: string): StackState | undefined {
  const text = read(join(bookkeeping(state), "stacks", projectName(), `${stack}.json`));
  if (text === undefined) return undefined;
  const { latest } = checkpointSchema.parse(JSON.parse(text)).checkpoint;
  return {
    resources: latest?.resources?.length ?? 0,
    pendingCreates: (latest?.pending_operations ?? []).filter(({ type }) => type === "creating").length,
    salt: latest?.secrets_providers?.state?.salt,
  };
}

/**
 * Removes what `pulumi stack rm` leaves: backups, history, the copy of the last state, and what a Pulumi that was
 * killed was just writing (its file backend writes to NAME.HEX.tmp and renames that).
 */
export function removeLeftovers(state: StatePaths, stack: string): void {
  const project = projectName();
  const root = bookkeeping(state);
  for (const kind of ["backups", "history", join("locks", "organization")]) {
    rmSync(join(root, kind, project, stack), { recursive: true, force: true });
  }
  const stacks = join(root, "stacks", project);
  const ending = /^(\.bak)?(\.attrs)?(\.[0-9a-f]+\.tmp)?$/;
  for (const file of list(stacks)) {
    const name = `${stack}.json`;
    if (file !== name && file.startsWith(name) && ending.test(file.slice(name.length))) rmSync(join(stacks, file));
  }
}

const lockSchema = z.object({ pid: z.number(), username: z.string(), hostname: z.string(), timestamp: z.string() });

export interface StackLock {
  readonly pid: number;
  readonly timestamp: string;
}

/**
 * Looks at the stack's locks: those of processes of this machine that are dead are removed and counted, the first that
 * lives is returned. Locks of other machines are left to Pulumi. One that nobody can read, cut off by a full disk or a
 * loss of power, has no owner: Pulumi writes them whole or not at all, and would fail for ever on this one.
 */
export function clearStaleLocks(state: StatePaths, stack: string): { removed: number; live: StackLock | undefined } {
  const folder = join(bookkeeping(state), "locks", "organization", projectName(), stack);
  let removed = 0;
  let live: StackLock | undefined;
  for (const file of list(folder).filter((name) => name.endsWith(".json"))) {
    const path = join(folder, file);
    const text = read(path);
    if (text === undefined) continue;
    const lock = parseLock(text);
    if (lock !== undefined && lock.hostname !== hostname()) continue;
    if (lock !== undefined && holdsLock(lock.pid)) live ??= { pid: lock.pid, timestamp: lock.timestamp };
    else {
      rmSync(path, { force: true });
      removed += 1;
    }
  }
  return { removed, live };
}

function parseLock(text: string): z.infer<typeof lockSchema> | undefined {
  try {
    return lockSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** Process numbers are used again: on Linux the process must be a pulumi, which NixOS calls `.pulumi-wrapped`. */
function holdsLock(pid: number): boolean {
  if (!isAlive(pid)) return false;
  const name = read(`/proc/${pid}/comm`);
  return name === undefined || name.includes("pulumi");
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
