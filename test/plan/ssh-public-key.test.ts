import fc from "fast-check";
import { utils } from "ssh2";
import { parseConfig } from "../../plan/config";
import { checkedSshPublicKey } from "../../plan/ssh-public-key";
import { generateKeyPair } from "../../ssh";

/** The blob of a key, from its fields. */
function blob(...fields: readonly (string | Buffer)[]): Buffer {
  const parts = fields.map((field) => (typeof field === "string" ? Buffer.from(field) : field));
  return Buffer.concat(parts.flatMap((part) => [Buffer.from([0, 0, part.length >> 8, part.length & 0xff]), part]));
}

const line = (type: string, key: Buffer, comment = "") => `${type} ${key.toString("base64")}${comment}`;
const point = (octets: number) => Buffer.concat([Buffer.of(4), Buffer.alloc(2 * octets, 7)]);
const ed25519 = generateKeyPair("ada@example").publicKey;
const rsaType = "ssh-rsa";
const modulus = (octets: number) => Buffer.concat([Buffer.of(0), Buffer.alloc(octets, 0xff)]);
const exponent = Buffer.of(1, 0, 1);

const whole: readonly (readonly [string, string])[] = [
  ["ed25519", ed25519],
  ["rsa of 2048 bits", utils.generateKeyPairSync("rsa", { bits: 2048 }).public],
  ["rsa with the smallest exponent", line(rsaType, blob(rsaType, Buffer.of(3), modulus(256)))],
  ["rsa of 1024 bits", line(rsaType, blob(rsaType, exponent, modulus(128)))],
  ["ecdsa on nistp256", utils.generateKeyPairSync("ecdsa", { bits: 256 }).public],
  ["ecdsa on nistp384", utils.generateKeyPairSync("ecdsa", { bits: 384 }).public],
  ["ecdsa on nistp521", utils.generateKeyPairSync("ecdsa", { bits: 521 }).public],
  ["ed25519 in a token", tokenKey("sk-ssh-ed25519@openssh.com", Buffer.alloc(32))],
  ["ecdsa in a token", tokenKey("sk-ecdsa-sha2-nistp256@openssh.com", "nistp256", point(32))],
];

function tokenKey(type: string, ...fields: readonly (string | Buffer)[]): string {
  return line(type, blob(type, ...fields, "ssh:"), " a comment of words");
}

describe("an SSH key that may log in", () => {
  it.each(whole)("is taken as it stands: %s", (_, key) => {
    expect(parseConfig({ ssh: { authorizedKeys: [key] } }).ssh.authorizedKeys).toEqual([key]);
  });

  it.each([
    ["a type and nothing of the key", "ssh-rsa AAAA"],
    ["another type outside than inside", ed25519.replace("ssh-ed25519", "ssh-rsa")],
    ["a type that OpenSSH gave up", line("ssh-dss", blob("ssh-dss", "p", "q", "g", "y"))],
    ["the name of a property that every object has", "constructor AAAA"],
    ["an ed25519 key of 31 octets", line("ssh-ed25519", blob("ssh-ed25519", Buffer.alloc(31)))],
    ["something behind the key", line("ssh-ed25519", blob("ssh-ed25519", Buffer.alloc(32), "more"))],
    ["an RSA key that sshd finds too short", line(rsaType, blob(rsaType, exponent, modulus(127)))],
    ["an RSA key cut off in its modulus", line(rsaType, blob(rsaType, exponent, modulus(256)).subarray(0, -1))],
    ["bits behind the key's last octet", line(rsaType, blob(rsaType, exponent, modulus(257))).replace(/.==$/, "x==")],
    ["no modulus", line(rsaType, blob(rsaType, exponent, ""))],
    ["no exponent", line(rsaType, blob(rsaType, "", modulus(256)))],
    ["an exponent for a modulus", line(rsaType, blob(rsaType, modulus(256), exponent))],
    ["a point of another curve", line("ecdsa-sha2-nistp256", blob("ecdsa-sha2-nistp256", "nistp384", point(32)))],
    ["a point that is cut off", line("ecdsa-sha2-nistp256", blob("ecdsa-sha2-nistp256", "nistp256", point(31)))],
    ["a compressed point", line("ecdsa-sha2-nistp256", blob("ecdsa-sha2-nistp256", "nistp256", Buffer.alloc(33, 2)))],
    [
      "a token's key without its application",
      line("sk-ssh-ed25519@openssh.com", blob("sk-ssh-ed25519@openssh.com", Buffer.alloc(32), "")),
    ],
    ["base64 with bits that mean nothing", "ssh-ed25519 AAAAB3=="],
    ["two lines", `${ed25519}\n${ed25519}`],
    ["options in front", `restrict ${ed25519}`],
  ])("is refused with its remedy: %s", (_, key) => {
    expect(() => parseConfig({ ssh: { authorizedKeys: [key] } })).toThrow(/ssh\.authorizedKeys\[0\].*\.pub/s);
  });

  it("is refused wherever it was cut off", () => {
    const keys = whole.map(([, key]) => key.split(" "));
    fc.assert(
      fc.property(
        fc.constantFrom(...keys),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (key, part) => {
          const [type = "", base64 = ""] = key;
          const whole = Buffer.from(base64, "base64");
          const short = whole.subarray(0, Math.floor(part * whole.length));
          expect(() => checkedSshPublicKey(line(type, short))).toThrow(/whole|one line/);
        },
      ),
    );
  });
});
