/** OpenSSH public keys: one that sshd would pass over without a word is refused here. */
import { AddressError } from "./prefix";

/** A field of a key's blob: a name, or any value of so many octets. */
type Field = string | number | { readonly atLeast: number };

/**
 * By type, what follows the type in the blob (RFC 4253 section 6.6, RFC 5656, RFC 8709, OpenSSH's PROTOCOL.u2f). A point
 * is not compressed (RFC 5656 section 3.1); 1024 bits of an RSA key are sshd's own limit (sshd_config(5)), written with
 * a zero in front (RFC 4251 section 5).
 */
const fieldsOf = new Map<string, readonly Field[]>([
  ["ssh-ed25519", [32]],
  ["ssh-rsa", [{ atLeast: 1 }, { atLeast: 129 }]],
  ["ecdsa-sha2-nistp256", ["nistp256", 65]],
  ["ecdsa-sha2-nistp384", ["nistp384", 97]],
  ["ecdsa-sha2-nistp521", ["nistp521", 133]],
  ["sk-ssh-ed25519@openssh.com", [32, { atLeast: 1 }]],
  ["sk-ecdsa-sha2-nistp256@openssh.com", ["nistp256", 65, { atLeast: 1 }]],
]);

const remedy = "Write the content of e.g. ~/.ssh/id_ed25519.pub";

/** The same text. @throws AddressError unless it is `type base64 [comment]` and the base64 is a whole key of that type. */
export function checkedSshPublicKey(text: string): string {
  const [, type = "", base64 = ""] = /^(\S+) ([A-Za-z0-9+/]+={0,2})( [^\n]*)?$/.exec(text) ?? [];
  const expected = fieldsOf.get(type);
  if (expected === undefined) throw new AddressError("is not an OpenSSH public key on one line.", remedy);
  const blob = Buffer.from(base64, "base64");
  const fields = fieldsIn(blob);
  const isWhole = fields?.length === 1 + expected.length && blob.toString("base64") === base64;
  if (!isWhole || ![type, ...expected].every((each, index) => fits(each, fields[index]))) {
    throw new AddressError(`is no whole ${type} key: it was cut off or changed, or is too short for sshd.`, remedy);
  }
  return text;
}

function fits(expected: Field, field: Buffer = Buffer.of()): boolean {
  if (typeof expected === "string") return field.toString("latin1") === expected;
  return typeof expected === "number" ? field.length === expected : field.length >= expected.atLeast;
}

/** The fields of a blob, each behind its length in four octets (RFC 4251 section 5); undefined when one is cut off. */
function fieldsIn(blob: Buffer): readonly Buffer[] | undefined {
  const fields: Buffer[] = [];
  for (let start = 0; start < blob.length;) {
    const end = start + 4 + (start + 4 > blob.length ? Infinity : blob.readUInt32BE(start));
    if (end > blob.length) return undefined;
    fields.push(blob.subarray(start + 4, end));
    start = end;
  }
  return fields;
}
