/**
 * SSH connections to the lab's machines, straight or through a jump host, with pinned host keys. One call is one
 * session with the machine; what runs over it is in `connection.ts`.
 */
import type { Duplex } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { Client, type ConnectConfig } from "ssh2";
import { withDeadline } from "../host/deadline";
import { SshConnection, abortReason } from "./connection";
import { HostKeyMismatchError, fingerprint, parseHostKey, sameKey } from "./host-key";
import { leave, leaveLast } from "./leaving";
import { shareConnection } from "./shared";

/** One machine that speaks SSH, and who we are there. */
export interface SshEndpoint {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** OpenSSH or PEM private key. */
  readonly privateKey: string;
  /** The server's public key, one line. */
  readonly hostKey: string;
  /** Seconds for one attempt from TCP to the end of authentication; 0 is without limit. Default 15. */
  readonly dialTimeout?: number | undefined;
  /** How often a failed attempt is repeated; default: never. */
  readonly retry?: RetryPolicy | undefined;
}

export interface SshTarget extends SshEndpoint {
  /** The jump host: the connection to the target is opened by it. */
  readonly proxy?: SshEndpoint | undefined;
  /** A connection to the jump host that is there already; it stays when the one to the target is closed. */
  readonly through?: SshConnection | undefined;
}

interface RetryPolicy {
  /** Repetitions after the first attempt; Infinity is without limit. */
  readonly limit: number;
  /** Milliseconds before the first repetition; each later wait is half as long again, up to `maximumDelay`. */
  readonly delay: number;
  readonly maximumDelay: number;
  /** Milliseconds since 1970: no attempt begins after it, one that is under way has its time. Default: never. */
  readonly until?: number | undefined;
}

interface ConnectOptions {
  /** Ends the attempt, and any wait between attempts, at once. */
  readonly signal?: AbortSignal | undefined;
  /** Told of each failed attempt that will be repeated. */
  readonly onRetry?: ((failure: DialFailure) => void) | undefined;
  /**
   * Shares the connection to the machine that is dialled from here (the jump host, if there is one) with the rest of this
   * process. For processes that somebody else ends: it stays open for a while.
   */
  readonly share?: boolean | undefined;
}

interface DialFailure {
  /** `user@host:port`. */
  readonly address: string;
  /** 1 for the first attempt. */
  readonly attempt: number;
  readonly error: Error;
}

/** No attempt came to anything; the cause is how the last one ended. */
export class RetriesOverError extends Error {
  constructor(
    address: string,
    attempts: number,
    override readonly cause: Error,
  ) {
    super(`No SSH connection to ${address}${attempts === 1 ? "" : ` after ${attempts} attempts`}: ${cause.message}`);
  }
}

export const defaultRetry: RetryPolicy = { limit: 10, delay: 250, maximumDelay: 3000 };
const noRetry: RetryPolicy = { limit: 0, delay: 0, maximumDelay: 0 };

const defaultDialTimeout = 15;

/**
 * Quick ones first: the guests may be emulated, where a 4096-bit exchange takes seconds. All are OpenSSH defaults.
 */
const algorithms = {
  kex: ["curve25519-sha256", "curve25519-sha256@libssh.org", "ecdh-sha2-nistp256", "diffie-hellman-group14-sha256"],
  cipher: ["aes128-gcm@openssh.com", "chacha20-poly1305@openssh.com", "aes256-gcm@openssh.com", "aes128-ctr"],
  compress: ["none"],
} satisfies ConnectConfig["algorithms"];

/**
 * Connects, through the proxy when there is one.
 * @throws HostKeyMismatchError at once; RetriesOverError when the policy is used up; the signal's reason when it is aborted.
 */
export async function connect(target: SshTarget, options: ConnectOptions = {}): Promise<SshConnection> {
  const { proxy, through } = target;
  const reach = (endpoint: SshEndpoint, jump?: Client): Promise<Client> =>
    withRetry(endpoint, options, async () => {
      const socket = jump === undefined ? undefined : await openForward(jump, endpoint, options.signal);
      return dial(endpoint, socket, options.signal);
    });
  if (through !== undefined) return connectionBehind(through.jumpHost, await reach(target, through.jumpHost));
  const first = await open(proxy ?? target);
  if (proxy === undefined) return new SshConnection(first.client, first.release);
  try {
    return connectionBehind(first.client, await reach(target, first.client), first.release);
  } catch (error) {
    first.release();
    throw error;
  }

  async function open(endpoint: SshEndpoint): Promise<{ client: Client; release: () => void }> {
    if (options.share) return shareConnection(endpoint, options.signal, () => reach(endpoint));
    const client = await reach(endpoint);
    const release = (): void => {
      void leaveLast(client);
    };
    return { client, release };
  }
}

/** A connection that is nobody else's. */
function connectionBehind(jump: Client, client: Client, release?: () => void): SshConnection {
  return new SshConnection(client, () => {
    leave(client, jump);
    release?.();
  });
}

/** The text by which a machine is named in messages. */
function addressOf(endpoint: SshEndpoint): string {
  const host = endpoint.host.includes(":") ? `[${endpoint.host}]` : endpoint.host;
  return `${endpoint.user}@${host}:${endpoint.port}`;
}

async function withRetry<T>(endpoint: SshEndpoint, options: ConnectOptions, attempt: () => Promise<T>): Promise<T> {
  const policy = endpoint.retry ?? noRetry;
  let wait = policy.delay;
  for (let count = 1; ; count += 1) {
    options.signal?.throwIfAborted();
    try {
      return await attempt();
    } catch (error) {
      options.signal?.throwIfAborted();
      const failure = error instanceof Error ? error : new Error(String(error));
      if (failure instanceof HostKeyMismatchError) throw failure;
      if (count > policy.limit || Date.now() + wait > (policy.until ?? Infinity))
        throw new RetriesOverError(addressOf(endpoint), count, failure);
      options.onRetry?.({ address: addressOf(endpoint), attempt: count, error: failure });
    }
    await delay(wait, undefined, options.signal === undefined ? {} : { signal: options.signal });
    wait = Math.min(wait * 1.5, policy.maximumDelay);
  }
}

/** One attempt: TCP (or the given stream), key exchange, host key, authentication. */
function dial(endpoint: SshEndpoint, socket: Duplex | undefined, signal: AbortSignal | undefined): Promise<Client> {
  const seconds = endpoint.dialTimeout ?? defaultDialTimeout;
  const client = new Client();
  const check = hostKeyCheck(endpoint);
  const shakeHands = (end: AbortSignal): Promise<Client> =>
    new Promise((resolve, reject) => {
      const onAbort = (): void => {
        fail(abortReason(end));
      };
      const fail = (error: Error): void => {
        end.removeEventListener("abort", onAbort);
        client.destroy();
        socket?.destroy();
        reject(check.mismatch() ?? error);
      };
      end.addEventListener("abort", onAbort);
      client.on("error", fail);
      client.on("close", () => {
        fail(new Error("the connection was closed before the handshake ended"));
      });
      client.on("ready", () => {
        end.removeEventListener("abort", onAbort);
        client.removeAllListeners("close");
        resolve(client);
      });
      client.connect({
        username: endpoint.user,
        privateKey: endpoint.privateKey,
        ...(socket === undefined ? { host: endpoint.host, port: endpoint.port } : { sock: socket }),
        readyTimeout: 0,
        keepaliveInterval: 10_000,
        keepaliveCountMax: 6,
        hostVerifier: check.verify,
        algorithms: { ...algorithms, serverHostKey: check.algorithms },
      });
    });
  return withDeadline(seconds, `no answer within ${seconds} s`, signal, shakeHands);
}

function hostKeyCheck(endpoint: SshEndpoint) {
  const pinned = parseHostKey(endpoint.hostKey);
  let mismatch: HostKeyMismatchError | undefined;
  return {
    algorithms: pinned.algorithms,
    verify: (presented: Buffer): boolean => {
      if (sameKey(pinned, presented)) return true;
      mismatch = new HostKeyMismatchError(addressOf(endpoint), pinned.fingerprint, fingerprint(presented));
      return false;
    },
    mismatch: () => mismatch,
  };
}

/** Asks the jump host for a TCP connection to the target. */
function openForward(jump: Client, target: SshEndpoint, signal: AbortSignal | undefined): Promise<Duplex> {
  const seconds = target.dialTimeout ?? defaultDialTimeout;
  const open = (end: AbortSignal): Promise<Duplex> =>
    new Promise((resolve, reject) => {
      const settle = (): void => {
        end.removeEventListener("abort", onAbort);
        jump.removeListener("close", onClose);
      };
      const onAbort = (): void => {
        settle();
        reject(abortReason(end));
      };
      const onClose = (): void => {
        settle();
        reject(new Error("the connection to the jump host was lost"));
      };
      end.addEventListener("abort", onAbort);
      jump.on("close", onClose);
      jump.forwardOut("127.0.0.1", 0, target.host, target.port, (error, channel) => {
        settle();
        if (error === undefined) resolve(channel);
        else reject(error);
      });
    });
  return withDeadline(seconds, `the jump host opened no connection within ${seconds} s`, signal, open);
}
