/** `lab:index:KeyPair`: an ed25519 key pair, made in this process, so that no other plugin is needed. */
import { z } from "zod";
import { generateKeyPair } from "../ssh";
import { checkWith } from "../plugin/check";
import { compareInputs, type ResourceHandler } from "../plugin/handler";

const inputsSchema = z.object({ comment: z.string().regex(/^[\x20-\x7e]*$/, "must be printable ASCII, one line") });

export const keyPairHandler: ResourceHandler = {
  check: checkWith(inputsSchema),

  diff: (old, inputs) => compareInputs(old.properties, inputs, ["comment"]),

  create(inputs) {
    const { comment } = inputsSchema.parse(inputs);
    const pair = generateKeyPair(comment);
    return Promise.resolve({
      id: fingerprint(pair.publicKey),
      outputs: { comment, privateKey: pair.privateKey, publicKey: pair.publicKey },
    });
  },

  // Nothing outside of the state exists that could have changed.
  read: (old) => Promise.resolve(old.properties),
  update: (old) => Promise.resolve(old.properties),
  delete: () => Promise.resolve(),
};

/** The public part names the pair, as it does in an authorized_keys file. */
function fingerprint(publicKey: string): string {
  return publicKey.split(" ")[1] ?? publicKey;
}
