/** `npm run join`: a client leaves its network and joins another one of the lab's. */
import { messageOf, progress, progressDone, say, UserError } from "../../host/messages";
import { interruptible } from "../../host/interruption";
import type { ClientAccess, LabAccess, PromisedNetwork } from "../../verify/access";
import { oneOf } from "../../plan/nearest";
import { helpText, stackOption } from "../help";
import { joinNetwork } from "../join";
import { readAccess } from "../recorded-access";
import { stackArguments } from "../stack-arguments";
import { type LockContext, movingAlone, requireUnused } from "../visit-lock";
import { withWhereabouts } from "../whereabouts";

export const help = helpText({
  usage: ["npm run join -- [--stack NAME] CLIENT NETWORK"],
  about:
    "A client leaves its network and joins another one of the lab's, as a phone joins another Wi-Fi. It ends when the client has what that network gives; the next up brings the client home.",
  options: stackOption,
});

export async function run(args: readonly string[]): Promise<number> {
  const { stack, rest } = stackArguments(args);
  const [clientName = "", networkName = "", ...more] = rest;
  if (more.length > 0) throw new UserError(`${more.join(" ")} is too much: it takes a client and a network.`);
  const access = await readAccess(stack);
  const client = named(access.clients, clientName, "client");
  const network = named(access.promised.networks, networkName, "network");
  const beforehand = await requireUnused(stack);
  try {
    return await interruptible((signal) => join(access, client, network, { beforehand, signal, progress }));
  } catch (error) {
    throw await notThere(access, client, network, error);
  } finally {
    progressDone();
  }
}

/** Somebody else may be moving it at the same time, or a machine may have died: no bug of ours. */
async function notThere(
  access: LabAccess,
  client: ClientAccess,
  network: PromisedNetwork,
  error: unknown,
): Promise<UserError> {
  const { clients } = await withWhereabouts(access).catch(() => access);
  if (client.network !== network.name && named(clients, client.name, "client").network === network.name) {
    return new UserError(
      `${client.name} is on the segment of ${network.name} now, and was not seen to have what that gives: ${messageOf(error)}`,
    );
  }
  return error instanceof UserError
    ? error
    : new UserError(`${client.name} has not come to ${network.name}: ${messageOf(error)}`);
}

async function join(
  access: LabAccess,
  client: ClientAccess,
  network: PromisedNetwork,
  context: LockContext,
): Promise<number> {
  // A wait may be long, and is told where there is no terminal too.
  const { seconds, lacks } = await movingAlone(access, client, { ...context, progress: say }, (now, here) =>
    joinNetwork(now, here, network, context),
  );
  progressDone();
  const took = `${seconds.toFixed(1)} s`;
  if (lacks.length === 0) {
    say(`${client.name} is on ${network.name} (${network.scenario}) after ${took}.`);
    return 0;
  }
  say(`${client.name} is on the segment of ${network.name}, and after ${took} it still lacks ${lacks.join("; ")}.`);
  say(`npm run verify -- --stack ${access.promised.stack} ${client.name} tells what is wrong.`);
  return 1;
}

/** The one of that name. @throws UserError with the names that there are. */
function named<T extends { readonly name: string }>(all: readonly T[], name: string, what: string): T {
  const found = all.find((each) => each.name === name);
  if (found !== undefined) return found;
  const names = all.map((each) => each.name);
  const problem = name === "" ? `Which ${what}?` : `There is no ${what} ${name}.`;
  throw new UserError(`${problem} ${oneOf(name, names)}.`);
}
