/** Fresh ed25519 key pairs. */
import { utils } from "ssh2";

/** The private key in OpenSSH's PEM, the public key as one line without a newline. */
export interface GeneratedKeyPair {
  readonly privateKey: string;
  readonly publicKey: string;
}

/**
 * Makes a key pair that parses. ssh2 drops leading zero bytes of the public key while it writes the pair, so that
 * about one pair in 200 is malformed (ssh2 1.17, lib/keygen.js, seen 14 times in 3000): such a pair is thrown away.
 */
export function generateKeyPair(comment: string): GeneratedKeyPair {
  for (;;) {
    const pair = utils.generateKeyPairSync("ed25519", { comment });
    if (parses(pair.private) && parses(pair.public)) return { privateKey: pair.private, publicKey: pair.public };
  }
}

function parses(key: string): boolean {
  return !(utils.parseKey(key) instanceof Error);
}
