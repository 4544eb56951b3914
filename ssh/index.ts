/** SSH to the lab's machines: pinned host keys, jump hosts, cancellation. */
export { connect, defaultRetry, RetriesOverError, type SshEndpoint, type SshTarget } from "./connect";
export { SshConnection, ConnectionLostError } from "./connection";
export { HostKeyMismatchError, fingerprint, parseHostKey } from "./host-key";
export { endUnused } from "./shared";
export { left } from "./leaving";
export { generateKeyPair, type GeneratedKeyPair } from "./keys";
