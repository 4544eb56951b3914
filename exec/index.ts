/** A program on a client of a lab: it is run, and what it did is read. What is made of that is `verdict`. */
import { UserError } from "../host/messages";
import { type ClientAccess, ipv4Way, type LabAccess, networkOf } from "../verify/access";
import { onClient } from "../verify/connect";
import { translations } from "../verify/facts";
import { type Listening, tryListener } from "./listening";
import { makeRun, type NetworkView, type Run } from "./run";
import { type ProgramRun, runProgram } from "./session";

export interface ExecuteOptions extends Omit<ProgramRun, "words" | "beside"> {
  readonly client: string;
  readonly command: readonly string[];
  /** The TCP port of a server, which is tried from other machines. */
  readonly listen: number | undefined;
}

/** Seconds within which a server has to listen, unless it is given others to run. */
const listenPatience = 60;

/** @throws UserError for a client that is not there, or does not answer. */
export async function execute(access: LabAccess, options: ExecuteOptions): Promise<Run> {
  const { client: name, command, loopback4, listen: port } = options;
  const client = access.clients.find((each) => each.name === name);
  if (client === undefined) {
    const known = access.clients.map((each) => each.name).join(", ");
    throw new UserError(`No client is called ${name}. There are: ${known}.`);
  }
  // A signal is for the program: nothing here ends before it does.
  const { signal } = new AbortController();
  return onClient(access, client, { wait: 0, signal }, async (connection, gateway) => {
    let listening: Listening | undefined;
    const patience = options.timeout ?? listenPatience;
    const beside =
      port === undefined
        ? undefined
        : async (ended: AbortSignal): Promise<void> => {
            listening = await tryListener({ access, client, connection, gateway, port, patience }, ended);
          };
    const run = { ...options, words: command, beside };
    const { end, seen } = await runProgram(connection, run, signal, () =>
      translations({ connection: gateway, signal }),
    );
    const request = { network: viewOf(access, client), client: name, command, loopback4 };
    return makeRun(request, end, seen.translations.sessions, listening);
  });
}

/** The network that the client is on. */
function viewOf(access: LabAccess, client: ClientAccess): NetworkView {
  const network = networkOf(access, client);
  const { name, scenario, translated } = network;
  return {
    name,
    scenario,
    ipv4: ipv4Way(client, network),
    nat64Prefix: translated ? access.promised.nat64.prefix : undefined,
  };
}
