/** A client joins another network: its card is moved, and then it is waited for. */
import type { ClientAccess, LabAccess, PromisedNetwork } from "../verify/access";
import { arrival } from "../verify/arrival";
import { connectClient, connectGateway } from "../verify/connect";
import { cardsOf, type MoveContext } from "./cards";

/** Seconds that a client may take to have what a network gives. Router advertisements and DHCP answer within one. */
const arrivalLimit = 30;

/** @returns how long it took, and what the client still lacks after half a minute. */
export async function joinNetwork(
  access: LabAccess,
  client: ClientAccess,
  network: PromisedNetwork,
  context: MoveContext,
): Promise<{ readonly seconds: number; readonly lacks: readonly string[] }> {
  const { signal, progress } = context;
  const started = performance.now();
  // The way to it is laid while it moves.
  const reach = { wait: arrivalLimit, signal };
  const gateway = await connectGateway(access, reach);
  try {
    progress(`${client.name}: from ${client.network} to ${network.name}`);
    await cardsOf(access).move(access, client, network, context);
    const moved = { ...client, network: network.name };
    const connection = await connectClient(access, moved, gateway, reach);
    try {
      const lacks = await arrival(moved, network, { connection, signal }, arrivalLimit);
      return { seconds: (performance.now() - started) / 1000, lacks };
    } finally {
      connection.close();
    }
  } finally {
    gateway.close();
  }
}
