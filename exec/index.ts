/** A program on a client of a lab: it is run, and what it did is read. What is made of that is `verdict`. */
import { UserError } from "../host/messages";
import type { LabAccess } from "../verify/access";
import { connectClient, connectGateway } from "../verify/connect";
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
  const gateway = await connectGateway(access, { wait: 0, signal });
  try {
    const connection = await connectClient(access, client, gateway, { wait: 0, signal });
    try {
      const end = await runProgram(connection, { ...options, words: command }, signal);
      const { sessions } = await translations({ connection: gateway, signal });
      return makeRun({ network: networkOf(access), client: name, command, loopback4 }, end, sessions);
    } finally {
      connection.close();
    }
  } finally {
    gateway.close();
  }
}

/** A lab's one network. */
function networkOf({ promised }: LabAccess): NetworkView {
  return { name: "lan", scenario: "ipv6-only-nat64", nat64Prefix: promised.nat64.prefix };
}
