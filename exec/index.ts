/** A program on a client of a lab: it is run, and what it did is read. What is made of that is `verdict`. */
import { UserError } from "../host/messages";
import type { SshConnection } from "../ssh";
import { type ClientAccess, gatewayAddresses, ipv4Way, type LabAccess, networkOf } from "../verify/access";
import { sameAddress } from "../verify/addresses";
import { onClient, UnreachableError } from "../verify/connect";
import { afterRun } from "../verify/facts";
import type { SessionFact } from "../verify/gateway-facts";
import { metBy } from "../verify/path-faults";
import { type Listening, refuseTaken, tryListener } from "./listening";
import { makeRun, type NetworkView, type Recording, type Run } from "./run";
import { type ProgramRun, runProgram } from "./session";
import { askAgain, failedQuestions } from "./asked-again";

export interface ExecuteOptions extends Omit<ProgramRun, "words" | "beside"> {
  readonly client: string;
  readonly command: readonly string[];
  /** What it lacks of the network that it has come to; nothing, too, where nobody looked. */
  readonly lacks: readonly string[];
  /** The TCP port of a server, which is tried from other machines. */
  readonly listen: number | undefined;
}

/** Seconds within which a server has to listen, unless it is given others to run. */
const listenPatience = 60;

/** @throws UserError for a client that is not there, or does not answer. */
export async function execute(access: LabAccess, options: ExecuteOptions): Promise<Run> {
  const client = access.clients.find(({ name }) => name === options.client);
  if (client === undefined) {
    const known = access.clients.map((each) => each.name).join(", ");
    throw new UserError(`No client is called ${options.client}. There are: ${known}.`);
  }
  // A signal is for the program: nothing here ends before it does.
  const { signal } = new AbortController();
  const { run } = await onClient(access, client, { wait: 0, signal }, (connection, gateway) =>
    record({ access, client, connection, gateway }, options),
  ).catch((error: unknown) => {
    if (!(error instanceof UnreachableError)) throw error;
    throw new UserError(`${error.machine} cannot be reached: ${error.message}`);
  });
  return run;
}

/** A client, and the ways to it and to the gateway. */
export interface Reached {
  readonly access: LabAccess;
  readonly client: ClientAccess;
  readonly connection: SshConnection;
  readonly gateway: SshConnection;
}

/**
 * Runs it on a client that is reached already.
 * @returns what was left behind, and what is known from it: reading a browser's trace takes seconds.
 * @throws UserError for a port to listen on that somebody has.
 */
export async function record(
  { access, client, connection, gateway }: Reached,
  options: Omit<ExecuteOptions, "client">,
): Promise<{ readonly recording: Recording; readonly run: Run }> {
  const { command, loopback4, lacks, listen: port } = options;
  const { signal } = new AbortController();
  const network = viewOf(access, client);
  if (port !== undefined) await refuseTaken({ access, client, connection }, port, signal);
  let listening: Listening | undefined;
  const patience = options.timeout ?? listenPatience;
  const beside =
    port === undefined
      ? undefined
      : async (ended: AbortSignal): Promise<void> => {
          listening = await tryListener({ access, client, connection, gateway, port, patience }, ended);
        };
  // Nobody translates elsewhere.
  const translates = network.nat64Prefix !== undefined;
  const gatewaysView = afterRun({ connection: gateway, signal }, translates, access.promised.units);
  const { end, seen } = await runProgram(connection, { ...options, words: command, beside }, signal, async () => {
    const { sessions, faultsOn, gatewayLacks } = await gatewaysView.ask();
    return { sessions: sessionsOf(access, client, sessions), faultsOn: metBy(client.name, faultsOn), gatewayLacks };
  }).finally(gatewaysView.end);
  const request = { stack: access.promised.stack, network, client: client.name, command, loopback4, lacks };
  const recording: Recording = { request, end, ...seen, listening, askedAgain: [] };
  const addresses = gatewayAddresses(networkOf(access, client));
  const run = makeRun(recording);
  const questions = failedQuestions(run.activity.lookups, [...addresses, ...run.resolvers]);
  const [resolver] = addresses;
  if (resolver === undefined || questions.length === 0) return { recording, run };
  // What nobody could be asked stays a guess, and the rest of what was seen is told all the same.
  const askedAgain = await askAgain(connection, resolver, questions, signal).catch(() => []);
  return { recording: { ...recording, askedAgain }, run: { ...run, askedAgain } };
}

/** A client's own: others talk to the same servers. */
export function sessionsOf(
  access: LabAccess,
  client: ClientAccess,
  sessions: readonly SessionFact[],
): readonly SessionFact[] {
  const own = client.addresses[networkOf(access, client).name]?.ipv6;
  return own === undefined ? [] : sessions.filter((session) => sameAddress(session.client.address, own));
}

/** The network that a client is on. */
export function viewOf(access: LabAccess, client: ClientAccess): NetworkView {
  const network = networkOf(access, client);
  const { name, scenario, translated } = network;
  return {
    name,
    scenario,
    ipv4: ipv4Way(client, network),
    nat64Prefix: translated ? access.promised.nat64.prefix : undefined,
  };
}
