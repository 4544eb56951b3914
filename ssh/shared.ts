/**
 * Connections that all of a process share. A login to an emulated guest takes a second and more of its only processor, so
 * one that was opened is used by whoever asks for the same machine next.
 */
import type { Client } from "ssh2";
import { withDeadline } from "../host/deadline";
import type { SshEndpoint } from "./connect";
import { abortReason } from "./connection";
import { leaveLast } from "./leaving";

interface Shared {
  readonly client: Promise<Client>;
  users: number;
  timer?: NodeJS.Timeout;
}

const connections = new Map<string, Shared>();

/** Milliseconds that an unused connection stays open: from one step of an `up` to the next. */
const idleLimit = 60_000;
/** Seconds in which a machine that is there answers, also a busy one. */
const answerLimit = 5;

/** @param dial opens the connection where there is none that answers. */
export async function shareConnection(
  endpoint: SshEndpoint,
  signal: AbortSignal | undefined,
  dial: () => Promise<Client>,
): Promise<{ readonly client: Client; readonly release: () => void }> {
  const { host, port, user, privateKey, hostKey } = endpoint;
  const key = JSON.stringify([host, port, user, privateKey, hostKey]);
  for (let found = connections.get(key); found !== undefined; found = connections.get(key)) {
    const release = use(key, found);
    try {
      const client = await abortable(found.client, signal);
      await answers(client, signal);
      return { client, release };
    } catch {
      // Whoever dialled was given up, or the machine is another one by now.
      forget(key, found);
      release();
      signal?.throwIfAborted();
    }
  }
  const made: Shared = { client: dial(), users: 0 };
  connections.set(key, made);
  const release = use(key, made);
  try {
    const client = await made.client;
    client.once("close", () => {
      forget(key, made);
    });
    return { client, release };
  } catch (error) {
    forget(key, made);
    release();
    throw error;
  }
}

/** Ends what nobody uses at the moment, for whoever will ask for nothing more. */
export function endUnused(): void {
  for (const [key, shared] of connections) {
    if (shared.users === 0) end(key, shared);
  }
}

function use(key: string, shared: Shared): () => void {
  clearTimeout(shared.timer);
  shared.users += 1;
  let used = true;
  return () => {
    if (!used) return;
    used = false;
    shared.users -= 1;
    if (shared.users > 0) return;
    const endIt = (): void => {
      end(key, shared);
    };
    if (connections.get(key) === shared) shared.timer = setTimeout(endIt, idleLimit).unref();
    else endIt();
  };
}

function end(key: string, shared: Shared): void {
  clearTimeout(shared.timer);
  forget(key, shared);
  shared.client.then(leaveLast, () => undefined);
}

function forget(key: string, shared: Shared): void {
  if (connections.get(key) === shared) connections.delete(key);
}

/**
 * Asks to end a forwarding that there is not: the other side refuses, and that is an answer (RFC 4254 section 7.1).
 * @throws Error when the connection ends instead, or nothing comes.
 */
function answers(client: Client, signal: AbortSignal | undefined): Promise<void> {
  const asked = (end: AbortSignal): Promise<void> =>
    abortable(
      new Promise<void>((resolve, reject) => {
        client.unforwardIn("127.0.0.1", 1, (error?: Error | null) => {
          if (error === undefined || error === null || error.message.startsWith("Unable to unbind")) resolve();
          else reject(error);
        });
      }),
      end,
    );
  return withDeadline(answerLimit, `no answer within ${answerLimit} s`, signal, asked);
}

function abortable<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      reject(abortReason(signal));
    };
    if (signal.aborted) onAbort();
    signal.addEventListener("abort", onAbort);
    promise.then(resolve, reject).finally(() => {
      signal.removeEventListener("abort", onAbort);
    });
  });
}
