/**
 * Keys of the signed zones. They protect nothing, everything that they sign is made up; so they are derived from the
 * lab's names, and what validators must trust is decided before anything exists.
 */
import { createHash, createPrivateKey, createPublicKey } from "node:crypto";
import type { LabIdentity } from "../identity";

export interface ZoneKey {
  /** Flags, protocol, algorithm and key of the DNSKEY record (RFC 4034 section 2.2). */
  readonly dnskey: string;
  /** The private key's 32 octets in base64. */
  readonly privateKey: string;
}

/** Zone key and secure entry point in one; Ed25519 (RFC 8080), whose signatures depend on nothing but key and text. */
const flagsProtocolAlgorithm = "257 3 15";

/** What stands before the key in PKCS #8 and after which it follows in SubjectPublicKeyInfo (RFC 8410 section 7). */
const pkcs8Head = Buffer.from("302e020100300506032b657004220420", "hex");
const spkiHeadLength = 12;

export function zoneKey({ project, stack }: LabIdentity, ...parts: readonly string[]): ZoneKey {
  const seed = createHash("sha256")
    .update(JSON.stringify([project, stack, "zone key", ...parts]))
    .digest();
  const key = createPrivateKey({ key: Buffer.concat([pkcs8Head, seed]), format: "der", type: "pkcs8" });
  const publicKey = createPublicKey(key).export({ format: "der", type: "spki" }).subarray(spkiHeadLength);
  return {
    dnskey: `${flagsProtocolAlgorithm} ${publicKey.toString("base64")}`,
    privateKey: seed.toString("base64"),
  };
}
