/** OpenSSH public keys: one that sshd would pass over without a word is refused here. */
import { AddressError } from "./prefix";

/** Says whether one of the fields in a key's blob can be what it should be. */
type FieldTest = (field: Buffer) => boolean;

const named =
  (name: string): FieldTest =>
  (field) =>
    field.toString("latin1") === name;
const octets =
  (count: number): FieldTest =>
  (field) =>
    field.length === count;
/** Uncompressed (RFC 5656 section 3.1). */
const point =
  (bits: number): FieldTest =>
  (field) =>
    field.length === 1 + 2 * Math.ceil(bits / 8) && field[0] === 4;
/** A positive `mpint` (RFC 4251 section 5) of that many bits at least. */
const integer =
  (bits: number): FieldTest =>
  (field) =>
    (field[0] ?? 0x80) < 0x80 && BigInt(`0x${field.toString("hex")}`).toString(2).length >= bits;
const application: FieldTest = (field) => field.length > 0;

/** By type, what follows the type in the blob (RFC 4253 section 6.6, RFC 5656, RFC 8709, OpenSSH's PROTOCOL.u2f). */
const fieldsOf = new Map<string, readonly FieldTest[]>([
  ["ssh-ed25519", [octets(32)]],
  // 1024 bits is sshd's own limit (RequiredRSASize in sshd_config(5)).
  ["ssh-rsa", [integer(2), integer(1024)]],
  ["ecdsa-sha2-nistp256", [named("nistp256"), point(256)]],
  ["ecdsa-sha2-nistp384", [named("nistp384"), point(384)]],
  ["ecdsa-sha2-nistp521", [named("nistp521"), point(521)]],
  ["sk-ssh-ed25519@openssh.com", [octets(32), application]],
  ["sk-ecdsa-sha2-nistp256@openssh.com", [named("nistp256"), point(256), application]],
]);

const remedy = "Write the content of e.g. ~/.ssh/id_ed25519.pub";

/** The same text. @throws AddressError unless it is `type base64 [comment]` and the base64 is a whole key of that type. */
export function checkedSshPublicKey(text: string): string {
  const [, type = "", base64 = ""] = /^(\S+) ([A-Za-z0-9+/]+={0,2})( [^\n]*)?$/.exec(text) ?? [];
  const expected = fieldsOf.get(type);
  if (expected === undefined) throw new AddressError("is not an OpenSSH public key on one line.", remedy);
  const blob = Buffer.from(base64, "base64");
  const fields = fieldsIn(blob);
  const tests = [named(type), ...expected];
  const isWhole = blob.toString("base64") === base64 && fields?.length === tests.length;
  if (!isWhole || !tests.every((test, index) => test(fields[index] ?? Buffer.of()))) {
    throw new AddressError(`is no whole ${type} key: it was cut off or changed, or is too short for sshd.`, remedy);
  }
  return text;
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
