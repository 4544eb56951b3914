import { utils } from "ssh2";
import { generateKeyPair } from "../../ssh";

it("makes only key pairs that parse and belong together", () => {
  for (let count = 0; count < 1000; count += 1) {
    const { privateKey, publicKey } = generateKeyPair("lab");
    const own = utils.parseKey(privateKey);
    const other = utils.parseKey(publicKey);
    if (own instanceof Error || other instanceof Error) throw new Error("a malformed key pair");
    expect(own.getPublicSSH().equals(other.getPublicSSH())).toBe(true);
    expect(publicKey).toMatch(/^ssh-ed25519 \S+ lab$/);
  }
});
