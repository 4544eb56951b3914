/** A program on a client of a lab: it is run, and what it did is read. What is made of that is `verdict`. */
import { UserError } from "../host/messages";
import { type ClientAccess, type LabAccess, networkOf } from "../verify/access";
import { onClient } from "../verify/connect";
import { translations } from "../verify/facts";
import { makeRun, type NetworkView, type Run } from "./run";
import { type ProgramRun, runProgram } from "./session";

export interface ExecuteOptions extends Omit<ProgramRun, "words"> {
  readonly client: string;
  readonly command: readonly string[];
}

/** @throws UserError for a client that is not there, or does not answer. */
export async function execute(access: LabAccess, options: ExecuteOptions): Promise<Run> {
  const { client: name, command, loopback4 } = options;
  const client = access.clients.find((each) => each.name === name);
  if (client === undefined) {
    const known = access.clients.map((each) => each.name).join(", ");
    throw new UserError(`No client is called ${name}. There are: ${known}.`);
  }
  // A signal is for the program: nothing here ends before it does.
  const { signal } = new AbortController();
  return onClient(access, client, { wait: 0, signal }, async (connection, gateway) => {
    const end = await runProgram(connection, { ...options, words: command }, signal);
    const { sessions } = (await translations({ connection: gateway, signal })).translations;
    return makeRun({ network: viewOf(access, client), client: name, command, loopback4 }, end, sessions);
  });
}

/** The network that the client is on. */
function viewOf(access: LabAccess, client: ClientAccess): NetworkView {
  const { name, scenario, translated } = networkOf(access, client);
  return { name, scenario, nat64Prefix: translated ? access.promised.nat64.prefix : undefined };
}
