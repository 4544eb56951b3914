/** A client joins networks in random order, each time as the command does, and is then asked what it reaches. */
import { createHash } from "node:crypto";
import { say, UserError } from "../../host/messages";
import { pairsRow } from "../../plan/internet/pairs";
import type { ClientAccess, LabAccess, PromisedNetwork } from "../../verify/access";
import { onClient } from "../../verify/connect";
import { faultResults, isRight } from "../../verify/faults";
import { run } from "./command";
import { type Figure, show } from "./statistics";

export interface Joins {
  /** A figure for each network, and one for all. */
  readonly figures: readonly Figure[];
  /** How many ended with everything that the network gives, and nothing else. */
  readonly verified: number;
}

/** The same seed gives the same order. Two in a row are never the same. */
export function randomNetworks<T>(networks: readonly T[], first: T, count: number, seed: number): T[] {
  const order: T[] = [];
  for (let number = 0; number < count; number += 1) {
    const others = networks.filter((each) => each !== (order.at(-1) ?? first));
    const digest = createHash("sha256").update(`${seed} ${number}`).digest().readUInt32BE(0);
    const next = others[digest % others.length];
    if (next !== undefined) order.push(next);
  }
  return order;
}

/**
 * `join` waits itself until the client has the addresses, routes, resolvers and the CLAT of its network, and nothing of the
 * one before; here servers of one family and of both are tried beside it, where there is a simulated internet.
 * @throws UserError for a lab without a client or with one network only.
 */
export async function benchJoins(access: LabAccess, count: number, seed: number): Promise<Joins> {
  const [client] = access.clients;
  const { networks, stack } = access.promised;
  const here = networks.find(({ name }) => name === client?.network);
  if (client === undefined || here === undefined || networks.length < 2) {
    throw new UserError("This takes a lab with a client and several networks, as the stack `scenarios` has it.");
  }
  const seconds = new Map<string, number[]>();
  let verified = 0;
  for (const [number, network] of randomNetworks(networks, here, count, seed).entries()) {
    const joined = run(["join", "--stack", stack, client.name, network.name]);
    const wrong = joined.code === 0 ? await unreached(access, client, network) : [joined.stdout + joined.stderr];
    if (wrong.length === 0) verified += 1;
    seconds.set(network.name, [...(seconds.get(network.name) ?? []), joined.seconds]);
    const came = wrong.length === 0 ? "verified" : `NOT as it should be: ${wrong.join("; ")}`;
    say(`  ${number + 1} of ${count}: ${network.name} ${show(joined.seconds)}, ${came}`);
  }
  run(["join", "--stack", stack, client.name, here.name]);
  const each = [...seconds].sort(([one], [other]) => (one < other ? -1 : 1));
  const figures = each.map(([name, values]) => ({ what: `join ${name}`, seconds: values }));
  return { figures: [...figures, { what: "join, all", seconds: each.flatMap(([, values]) => values) }], verified };
}

/** The servers that are not as they should be from there. */
async function unreached(access: LabAccess, client: ClientAccess, network: PromisedNetwork): Promise<string[]> {
  const { signal } = new AbortController();
  const at = { ...client, network: network.name };
  const faults = access.promised.faults.filter(({ row }) => row === pairsRow);
  const lab = { ...access, promised: { ...access.promised, faults } };
  const results = await onClient(lab, at, { wait: 0, signal }, (connection) =>
    faultResults(lab, at, { connection, signal }),
  );
  return results
    .filter((result) => !isRight(result))
    .map(({ fault, seen, evidence }) => `${fault.name} ${seen}: ${evidence}`);
}
