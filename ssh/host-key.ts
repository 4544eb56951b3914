/** Host keys: what is pinned, what was presented, and how a difference is told. */
import { createHash, timingSafeEqual } from "node:crypto";
import { type ParsedKey, type ServerHostKeyAlgorithm, utils } from "ssh2";

/** Thrown for a server whose key is not the pinned one. Trying again cannot help. */
export class HostKeyMismatchError extends Error {
  override readonly name = "HostKeyMismatchError";

  constructor(
    readonly address: string,
    readonly expected: string,
    readonly presented: string,
  ) {
    super(
      `The SSH host key of ${address} is not the pinned one: expected ${expected}, presented ${presented}. ` +
        `Another machine answers at this address, or the machine was made anew; nothing was sent to it.`,
    );
  }
}

/** Signature algorithms that a type of key can answer with; DSA, which OpenSSH has given up, with none. */
const algorithms: Readonly<Record<ParsedKey["type"], ServerHostKeyAlgorithm[]>> = {
  "ssh-rsa": ["rsa-sha2-512", "rsa-sha2-256", "ssh-rsa"],
  "ssh-dss": [],
  "ssh-ed25519": ["ssh-ed25519"],
  "ecdsa-sha2-nistp256": ["ecdsa-sha2-nistp256"],
  "ecdsa-sha2-nistp384": ["ecdsa-sha2-nistp384"],
  "ecdsa-sha2-nistp521": ["ecdsa-sha2-nistp521"],
};

/** A pinned host key in the forms that a connection needs. */
type PinnedHostKey = ReturnType<typeof parseHostKey>;

/**
 * Reads a host key in the form of `authorized_keys` (`ssh-ed25519 AAAA… comment`).
 * @throws Error when the text is not a public key.
 */
export function parseHostKey(text: string) {
  const key = utils.parseKey(text.trim());
  if (key instanceof Error) {
    throw new Error(`The pinned SSH host key cannot be read (${key.message}); it must be one line of a .pub file.`);
  }
  const blob = key.getPublicSSH();
  return {
    /** The key's blob as it travels in the protocol (RFC 4253 section 6.6). */
    blob,
    /** So that the server presents this key and no other. */
    algorithms: algorithms[key.type],
    /** `SHA256:…` as OpenSSH prints it. */
    fingerprint: fingerprint(blob),
  };
}

/** `SHA256:` and the unpadded base64 digest of a key blob. */
export function fingerprint(blob: Buffer): string {
  return `SHA256:${createHash("sha256").update(blob).digest("base64").replace(/=+$/, "")}`;
}

/** Compares the presented key with the pinned one in constant time. */
export function sameKey(pinned: PinnedHostKey, presented: Buffer): boolean {
  return pinned.blob.length === presented.length && timingSafeEqual(pinned.blob, presented);
}
