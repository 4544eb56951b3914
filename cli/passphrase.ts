/** Whether a passphrase fits a stack: asked only after a failure, because the answer takes a second of computing. */
import { createDecipheriv, pbkdf2Sync } from "node:crypto";
import { readFileSync } from "node:fs";

const iterations = 1_000_000;
const keyBytes = 32;
const tagBytes = 16;
const proof = "pulumi";

/**
 * Checks a passphrase against Pulumi's `encryptionsalt` (`v1:salt:v1:nonce:ciphertext`; AES-256-GCM with a key by
 * PBKDF2-SHA256, see `sdk/go/common/resource/config/crypt.go`). Undefined for a salt of another form.
 */
export function passphraseFits(passphrase: string, salt: string): boolean | undefined {
  const [version, keySalt, cipherVersion, nonce, ciphertext] = salt.split(":");
  if (version !== "v1" || cipherVersion !== "v1") return undefined;
  if (keySalt === undefined || nonce === undefined || ciphertext === undefined) return undefined;
  const key = pbkdf2Sync(passphrase, Buffer.from(keySalt, "base64"), iterations, keyBytes, "sha256");
  const sealed = Buffer.from(ciphertext, "base64");
  const decipher = createDecipheriv("aes-256-gcm", key, Buffer.from(nonce, "base64"));
  decipher.setAuthTag(sealed.subarray(sealed.length - tagBytes));
  try {
    const plain = Buffer.concat([decipher.update(sealed.subarray(0, sealed.length - tagBytes)), decipher.final()]);
    return plain.toString("utf8") === proof;
  } catch {
    return false;
  }
}

/** The passphrase that the CLI takes from its environment. */
export function passphraseOf(env: NodeJS.ProcessEnv): { text: string; origin: string } | undefined {
  const direct = env.PULUMI_CONFIG_PASSPHRASE;
  if (direct !== undefined) return { text: direct, origin: "PULUMI_CONFIG_PASSPHRASE" };
  const file = env.PULUMI_CONFIG_PASSPHRASE_FILE;
  if (file === undefined) return undefined;
  try {
    return { text: readFileSync(file, "utf8").trim(), origin: file };
  } catch {
    return undefined;
  }
}
