import { connect, RetriesOverError, type SshConnection, type SshEndpoint, type SshTarget } from "../ssh";
import { messageOf } from "../host/messages";
import { type ClientAccess, hostOf, type LabAccess, networkOf } from "./access";

export interface ReachOptions {
  /** Seconds in which another attempt is begun, at least 20. */
  readonly wait: number;
  readonly signal: AbortSignal;
  /** Shares the connection to the gateway with the rest of this process (`share` of ssh/connect.ts). */
  readonly share?: boolean;
}

/** Nobody answered in time. */
export class UnreachableError extends Error {
  override readonly name = "UnreachableError";

  constructor(
    /** Who was asked: on the way to a client the gateway comes first. */
    readonly machine: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** Seconds for one attempt: on a machine that is busy with others an emulated guest has needed 20 for the key exchange. */
const dialTimeout = 40;

/** Seconds in which another one is begun, however short the wait: who is not there says so at once. */
const leastWait = 20;

export function connectGateway(access: LabAccess, options: ReachOptions): Promise<SshConnection> {
  const { name, host, port, hostKey } = access.gateway;
  return reach(name, { ...login(access), host, port, hostKey }, options);
}

/** Through the gateway: nothing else leads to a client. */
export function connectClient(
  access: LabAccess,
  client: ClientAccess,
  gateway: SshConnection,
  options: ReachOptions,
): Promise<SshConnection> {
  const { name, hostKey } = client;
  return reach(
    name,
    { ...login(access), host: hostOf(client, networkOf(access, client)), port: 22, hostKey, through: gateway },
    options,
  );
}

/** Does something on the gateway, and leaves it. */
export async function onGateway<T>(
  access: LabAccess,
  options: ReachOptions,
  work: (gateway: SshConnection) => Promise<T>,
): Promise<T> {
  const gateway = await connectGateway(access, options);
  try {
    return await work(gateway);
  } finally {
    gateway.close();
  }
}

/** Does something on a client, with the gateway at hand, and leaves both. */
export async function onClient<T>(
  access: LabAccess,
  client: ClientAccess,
  options: ReachOptions,
  work: (connection: SshConnection, gateway: SshConnection) => Promise<T>,
): Promise<T> {
  return onGateway(access, options, async (gateway) => {
    const connection = await connectClient(access, client, gateway, options);
    try {
      return await work(connection, gateway);
    } finally {
      connection.close();
    }
  });
}

export type Attempt =
  { readonly ok: true; readonly connection: SshConnection } | { readonly ok: false; readonly why: string };

/** A machine that does not answer is something to report, an interruption is not. */
export async function tryConnect(signal: AbortSignal, dial: () => Promise<SshConnection>): Promise<Attempt> {
  try {
    return { ok: true, connection: await dial() };
  } catch (error) {
    signal.throwIfAborted();
    return { ok: false, why: messageOf(error) };
  }
}

async function reach(
  machine: string,
  target: SshTarget,
  { wait, signal, share }: ReachOptions,
): Promise<SshConnection> {
  const begun = Date.now();
  const retry = { limit: Infinity, delay: 250, maximumDelay: 2000, until: begun + Math.max(wait, leastWait) * 1000 };
  try {
    return await connect({ ...target, retry }, { signal, share });
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof RetriesOverError)) throw error;
    const seconds = Math.round((Date.now() - begun) / 1000);
    throw new UnreachableError(machine, `No SSH connection within ${seconds} s: ${error.cause.message}`, {
      cause: error.cause,
    });
  }
}

function login({ user, privateKey }: LabAccess): Pick<SshEndpoint, "user" | "privateKey" | "dialTimeout"> {
  return { user, privateKey, dialTimeout };
}
