/**
 * Who moves a client between networks does so alone: two at once would each tell of a network that the client is not on. Who
 * looks at a client where it is keeps it there meanwhile, by the same lock.
 */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { holderOf, release, tryAcquire, withLock } from "../host/lock";
import { stackFolder, visitEnding, visitLock } from "../host/paths";
import type { ClientAccess, LabAccess } from "../verify/access";
import type { MoveContext } from "./cards";
import { requireNoLock } from "./pulumi";
import { setUp } from "./setup";
import { withWhereabouts } from "./whereabouts";

export interface LockContext extends MoveContext {
  /** Called when all locks are there: throws where something is in the way by then. */
  readonly beforehand?: () => void;
}

/**
 * For who is about to move clients of a stack.
 * @returns what looks again: a wait for somebody else may be long.
 * @throws UserError when another run holds the stack.
 */
export async function requireUnused(stack: string): Promise<() => void> {
  const deployment = await setUp(stack);
  const look = (): void => {
    requireNoLock(deployment, stack);
  };
  look();
  return look;
}

/** Milliseconds between two looks at them. */
const pause = 200;

/**
 * Waits for another command that moves the same client, or looks at it.
 * @param work is given the lab and the client as they are then: it may have been found where that command had taken it.
 */
export function movingAlone<T>(
  access: LabAccess,
  client: ClientAccess,
  context: LockContext,
  work: (now: LabAccess, here: ClientAccess) => Promise<T>,
): Promise<T> {
  return stayingPut(access, [client], context, (now) => work(now, named(now, client.name) ?? client));
}

function named({ clients }: LabAccess, name: string): ClientAccess | undefined {
  return clients.find((each) => each.name === name);
}

/**
 * Keeps clients where they are. Waits for whoever moves one of them.
 * @param work is given the lab as it is then.
 */
export async function stayingPut<T>(
  access: LabAccess,
  clients: readonly ClientAccess[],
  context: LockContext,
  work: (now: LabAccess) => Promise<T>,
): Promise<T> {
  const [first, ...rest] = clients;
  if (first === undefined) {
    // It may have waited for long.
    context.beforehand?.();
    return work(await withWhereabouts(access));
  }
  const onWait = (pid: number): void => {
    context.progress(
      `${first.name}: waiting for the process ${pid}, which moves it between networks, or looks at it where it is`,
    );
  };
  const next = (): Promise<T> => stayingPut(access, rest, context, work);
  return withLock(lockOf(access, first), onWait, next, context.signal);
}

/**
 * Keeps the others of a lab where they are, as far as nobody moves them; waits for nobody, since who waits for one client
 * with another one in hand may be waited for.
 * @param work is given the lab with the others where they are then, and the names of those whom somebody else has in hand.
 */
export async function othersStayingPut<T>(
  access: LabAccess,
  { name }: ClientAccess,
  work: (now: LabAccess, onTheMove: readonly string[]) => Promise<T>,
): Promise<T> {
  const others = access.clients.filter((each) => each.name !== name);
  const kept = others.filter((each) => isKept(lockOf(access, each)));
  try {
    const onTheMove = others.filter((each) => !kept.includes(each)).map((each) => each.name);
    const now = await withWhereabouts(access);
    const clients = access.clients.map((each) => (each.name === name ? each : (named(now, each.name) ?? each)));
    return await work({ ...access, clients }, onTheMove);
  } finally {
    for (const each of kept) release(lockOf(access, each));
  }
}

/**
 * Waits until nobody moves a client of the stack, or looks at one: who brings all of them home is in nobody's way then.
 * Whoever begins afterwards sees that the stack is in use (`requireNoLock`).
 */
export async function whenNobodyVisits(stack: string, { signal, progress }: MoveContext): Promise<void> {
  const folder = stackFolder(stack);
  const told = new Set<number>();
  for (;;) {
    const visits = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith(visitEnding)) : [];
    const holders = visits.flatMap((name) => holderOf(join(folder, name)) ?? []);
    if (holders.length === 0) return;
    for (const pid of holders.filter((each) => !told.has(each))) {
      told.add(pid);
      progress(
        `Stack ${stack}: waiting for the process ${pid}, which visits networks with a client, or looks at one. It is stopped with: kill -INT ${pid}`,
      );
    }
    await sleep(pause, undefined, { signal });
  }
}

/** A dead owner's lock is free at the second try. */
function isKept(path: string): boolean {
  return tryAcquire(path) || tryAcquire(path);
}

function lockOf({ promised: { stack } }: LabAccess, { name }: ClientAccess): string {
  return visitLock(stackFolder(stack), name);
}
