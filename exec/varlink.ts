/**
 * What a program asks systemd-resolved by varlink, the way of nss-resolve(8): JSON texts that end with a NUL, one for each
 * question and one for each answer (org.varlink.service; io.systemd.Resolve).
 */
import { z } from "zod";
import { rcodeName } from "../plan/dns-parameters";
import { addressText, parseJson } from "./overheard";

export const resolvePath = "/run/systemd/resolve/io.systemd.Resolve";

export interface VarlinkQuestion {
  readonly name: string;
  readonly types: readonly string[];
}

export interface VarlinkAnswer {
  /** `NOERROR`, an RCODE, or the name of systemd-resolved's own error, e.g. `DNSSECValidationFailed`. */
  readonly rcode: string;
  readonly addresses: readonly string[];
}

/** Of getaddrinfo(3)'s hints, as socket.h numbers them. */
const familyTypes = new Map([
  [2, ["A"]],
  [10, ["AAAA"]],
]);

const questionSchema = z.object({
  method: z.literal("io.systemd.Resolve.ResolveHostname"),
  parameters: z.object({ name: z.string(), family: z.number().optional() }),
});

const answerSchema = z.object({
  error: z.string().optional(),
  parameters: z
    .object({
      rcode: z.number().optional(),
      addresses: z.array(z.object({ address: z.array(z.number()) })).default([]),
    })
    .default({ addresses: [] }),
});

export function readQuestion(text: string): VarlinkQuestion | undefined {
  const read = questionSchema.safeParse(parseJson(text));
  if (!read.success) return undefined;
  const { name, family = 0 } = read.data.parameters;
  return { name: name.toLowerCase(), types: familyTypes.get(family) ?? ["A", "AAAA"] };
}

export function readAnswer(text: string): VarlinkAnswer | undefined {
  const read = answerSchema.safeParse(parseJson(text));
  if (!read.success) return undefined;
  const { error, parameters } = read.data;
  const addresses = parameters.addresses.map(({ address }) => addressText(address));
  return { rcode: rcodeOf(error, parameters.rcode), addresses };
}

function rcodeOf(error: string | undefined, rcode: number | undefined): string {
  if (error === undefined) return "NOERROR";
  if (rcode !== undefined) return rcodeName(rcode);
  const name = error.replace("io.systemd.Resolve.", "");
  // There is such a name, and no record of that type.
  return name === "NoSuchResourceRecord" ? "NOERROR" : name;
}
