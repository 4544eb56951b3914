/** SSH to the lab's machines: pinned host keys, jump hosts, cancellation. */
export { connect, addressOf, defaultRetry, noRetry } from "./connect";
export type { ConnectOptions, DialFailure, RetryPolicy, SshEndpoint, SshTarget } from "./connect";
export { SshConnection, ConnectionLostError } from "./connection";
export type { ExecOptions, ExecResult } from "./connection";
export { HostKeyMismatchError, fingerprint, parseHostKey } from "./host-key";
export { generateKeyPair } from "./keys";
export type { GeneratedKeyPair } from "./keys";
