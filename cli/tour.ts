/** A client visits networks of its lab, one after the other, is looked at on each, and goes home. */
import type { OperationContext } from "../plugin/handler";
import { messageOf, UserError } from "../host/messages";
import type { ClientAccess, LabAccess, PromisedNetwork } from "../verify/access";
import { type CheckResult, makeReport, type Report } from "../verify/report";
import { verifyLab } from "../verify/runner";
import { joinNetwork } from "./join";

type Context = Pick<OperationContext, "signal" | "progress">;

/**
 * The networks of `--network`: names with commas between them, or `all`.
 * @throws UserError with the names that there are.
 */
export function chosenNetworks({ promised }: LabAccess, words: string): readonly PromisedNetwork[] {
  const { networks } = promised;
  if (words === "all") return networks;
  const names = words.split(",").map((name) => name.trim());
  const unknown = names.filter((name) => !networks.some((network) => network.name === name));
  if (unknown.length > 0) {
    const known = networks.map(({ name }) => name).join(", ");
    throw new UserError(`No network is called ${unknown.join(", ") || '""'}. There are: ${known}; or all.`);
  }
  return networks.filter(({ name }) => names.includes(name));
}

/**
 * The client joins each network, and something is done there. Whatever happens on the way, it ends where it began.
 * @param work is given the lab with the client where it is then.
 */
export async function visiting<T>(
  access: LabAccess,
  client: ClientAccess,
  networks: readonly PromisedNetwork[],
  context: Context,
  work: (moved: LabAccess, network: PromisedNetwork) => Promise<T>,
): Promise<T[]> {
  const results: T[] = [];
  let at = client;
  try {
    for (const network of networks) {
      if (at.network !== network.name) await joinNetwork(access, at, network, context);
      at = { ...at, network: network.name };
      const clients = access.clients.map((each) => (each.name === at.name ? at : each));
      results.push(await work({ ...access, clients }, network));
    }
  } finally {
    // Also after an interruption, whose signal must not stop the way home.
    if (at.network !== client.network) await goHome(access, at, client, context);
  }
  return results;
}

/** Looks from each network. */
export async function tour(
  access: LabAccess,
  client: ClientAccess,
  networks: readonly PromisedNetwork[],
  context: Context,
): Promise<Report> {
  const visits = await visiting(access, client, networks, context, async (moved, network) => {
    const options = { wait: 10, signal: context.signal, progress: context.progress, only: [client.name] };
    const { results } = await verifyLab(moved, options);
    return results.map((result) => atNetwork(result, client, network));
  });
  // The gateway is the same from everywhere: what is right of it is told once.
  const results = visits.flatMap((seen, index) =>
    index === 0 ? seen : seen.filter(({ machine, status }) => machine !== access.gateway.name || status === "fail"),
  );
  return makeReport(`${access.promised.project}/${access.promised.stack}`, results, []);
}

async function goHome(access: LabAccess, at: ClientAccess, home: ClientAccess, context: Context): Promise<void> {
  const network = access.promised.networks.find(({ name }) => name === home.network);
  if (network === undefined) return;
  try {
    await joinNetwork(access, at, network, { ...context, signal: AbortSignal.timeout(60_000) });
  } catch (error) {
    const up = `npm run up -- --stack ${access.promised.stack}`;
    throw new UserError(`${home.name} is not back on ${home.network} (${messageOf(error)}). ${up} brings it home.`);
  }
}

function atNetwork(result: CheckResult, client: ClientAccess, network: PromisedNetwork): CheckResult {
  return result.machine === client.name ? { ...result, machine: `${client.name} @ ${network.name}` } : result;
}
