import { connect, type SshConnection, type SshEndpoint } from "../ssh";
import type { ClientAccess, LabAccess } from "./access";

export interface ReachOptions {
  /** Seconds to go on trying, at least the 20 that one attempt may take. */
  readonly wait: number;
  readonly signal: AbortSignal;
}

/** Seconds for one attempt: an emulated guest needs some for the key exchange. */
const dialTimeout = 20;

export function connectGateway(access: LabAccess, options: ReachOptions): Promise<SshConnection> {
  return reach(gatewayEndpoint(access), undefined, options);
}

/** Through the gateway: nothing else leads to a client. */
export function connectClient(access: LabAccess, client: ClientAccess, options: ReachOptions): Promise<SshConnection> {
  return reach(
    { ...login(access), host: client.address, port: 22, hostKey: client.hostKey },
    gatewayEndpoint(access),
    options,
  );
}

async function reach(
  endpoint: SshEndpoint,
  proxy: SshEndpoint | undefined,
  { wait, signal }: ReachOptions,
): Promise<SshConnection> {
  const deadline = AbortSignal.timeout(Math.max(wait, dialTimeout) * 1000);
  const retry = { limit: Infinity, delay: 250, maximumDelay: 2000 };
  let last: Error | undefined;
  try {
    return await connect(
      { ...endpoint, retry, proxy: proxy === undefined ? undefined : { ...proxy, retry } },
      {
        signal: AbortSignal.any([signal, deadline]),
        onRetry: ({ error }) => {
          last = error;
        },
      },
    );
  } catch (error) {
    signal.throwIfAborted();
    if (!deadline.aborted) {
      throw error;
    }
    const why = last === undefined ? "no answer" : last.message;
    throw new Error(`No SSH connection within ${Math.max(wait, dialTimeout)} s: ${why}`, { cause: last ?? error });
  }
}

function gatewayEndpoint(access: LabAccess): SshEndpoint {
  const { host, port, hostKey } = access.gateway;
  return { ...login(access), host, port, hostKey };
}

function login({ user, privateKey }: LabAccess): Pick<SshEndpoint, "user" | "privateKey" | "dialTimeout"> {
  return { user, privateKey, dialTimeout };
}
