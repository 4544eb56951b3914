/** A client joins another network: its card is moved, and then it is waited for. */
import { UserError } from "../host/messages";
import { stackFolder } from "../host/paths";
import type { OperationContext } from "../plugin/handler";
import { machinePaths } from "../provider/qemu/paths";
import { moveCard } from "../provider/qemu/segments";
import type { ClientAccess, LabAccess, PromisedNetwork } from "../verify/access";
import { arrival } from "../verify/arrival";
import { connectClient, connectGateway } from "../verify/connect";
import { clientCard, segmentOf } from "./whereabouts";

/** Seconds that a client may take to have what a network gives. Router advertisements and DHCP answer within one. */
const arrivalLimit = 30;

/**
 * @returns how long it took, and what the client still lacks after half a minute.
 * @throws UserError where machines cannot be moved.
 */
export async function joinNetwork(
  access: LabAccess,
  client: ClientAccess,
  network: PromisedNetwork,
  context: Pick<OperationContext, "signal" | "progress">,
): Promise<{ readonly seconds: number; readonly lacks: readonly string[] }> {
  const { stack, platform } = access.promised;
  if (platform !== "qemu") {
    throw new UserError(`A client of a lab on ${platform} joins another network by clients[].network and \`up\`.`);
  }
  const { signal, progress } = context;
  const started = performance.now();
  // The way to it is laid while it moves.
  const reach = { wait: arrivalLimit, signal };
  const gateway = await connectGateway(access, reach);
  try {
    progress(`${client.name}: from ${client.network} to ${network.name}`);
    await moveCard(machinePaths(stackFolder(stack), client.name), clientCard, segmentOf(access, network.name), context);
    const moved = { ...client, network: network.name };
    const connection = await connectClient(access, moved, gateway, reach);
    try {
      const lacks = await arrival(access, moved, network, { connection, signal }, arrivalLimit);
      return { seconds: (performance.now() - started) / 1000, lacks };
    } finally {
      connection.close();
    }
  } finally {
    gateway.close();
  }
}
