/** What cloud-init is given at first boot, each a complete document in the text form that its datasource reads. */
export interface CloudInitDocuments {
  readonly metaData: string;
  readonly userData: string;
  /** Network config, version 2 (netplan's form), without the outer `network:` key. */
  readonly networkConfig: string;
}

/** An OpenSSH ed25519 key pair: the private key in OpenSSH's PEM, the public key as one line. */
export interface SshKeyPair {
  readonly privateKey: string;
  readonly publicKey: string;
}

/** What a machine needs beside its plan: its pinned host key and who may log in. */
export interface MachineIdentity {
  readonly hostKey: SshKeyPair;
  /** The lab's own login key and the user's, one line each. */
  readonly authorizedKeys: readonly string[];
}
