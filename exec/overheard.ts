/**
 * What systemd-resolved says of its own work (`resolvectl monitor --json=short`), each line with the time at which it came:
 * questions of programs that ask by write(2), which is not traced.
 */
import { z } from "zod";
import { rcodeName } from "../plan/dns-parameters";
import { formatIpv4, formatIpv6 } from "../plan/prefix";
import { typeName } from "./dns";

export interface Overheard {
  /** Seconds since 1970, of the answer. */
  readonly at: number;
  readonly name: string;
  readonly types: readonly string[];
  readonly rcode: string;
  readonly addresses: readonly string[];
}

const lineSchema = z.object({
  state: z.string(),
  rcode: z.number().optional(),
  question: z.array(z.object({ type: z.number(), name: z.string() })).min(1),
  answer: z
    .array(z.object({ rr: z.object({ key: z.object({ type: z.number() }), address: z.array(z.number()).optional() }) }))
    .default([]),
});

/** Names of states that stand for themselves; an RCODE says more than the state that holds it. */
const states = new Map([
  ["success", "NOERROR"],
  ["no-data", "NOERROR"],
  ["dnssec-failed", "DNSSECValidationFailed"],
]);

export function readOverheard(text: string): Overheard[] {
  return text.split("\n").flatMap((row) => {
    const [, time, json] = /^(\d+\.\d+) (\{.*\})$/.exec(row) ?? [];
    if (time === undefined || json === undefined) return [];
    const read = lineSchema.safeParse(parseJson(json));
    if (!read.success) return [];
    const { state, rcode, question, answer } = read.data;
    const addresses = answer.flatMap(({ rr: { address } }) => (address === undefined ? [] : [addressText(address)]));
    const types = question.map(({ type }) => typeName(type));
    const said = rcode === undefined ? (states.get(state) ?? state) : rcodeName(rcode);
    return [{ at: Number(time), name: question[0]?.name.toLowerCase() ?? "", types, rcode: said, addresses }];
  });
}

/** Of four octets or sixteen. */
export function addressText(octets: readonly number[]): string {
  const value = octets.reduce((sum, octet) => (sum << 8n) | BigInt(octet), 0n);
  return octets.length === 4 ? formatIpv4(value) : formatIpv6(value);
}

/** Undefined: it was cut, or is no JSON at all. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
