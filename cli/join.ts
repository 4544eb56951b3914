/** A client joins another network: its card is moved, and then it is waited for. */
import type { ClientAccess, LabAccess, PromisedNetwork } from "../verify/access";
import { arrival, settlingTime } from "../verify/arrival";
import { connectClient, connectGateway } from "../verify/connect";
import { left } from "../ssh";
import { cardsOf, type MoveContext } from "./cards";

/** Seconds until it lets somebody in. A login that a busy emulated machine does not answer is given up after 20, and tried again. */
const loginLimit = 90;

/** @returns how long it took, and what the client still lacks after half a minute, or two where a CLAT comes or goes. */
export async function joinNetwork(
  access: LabAccess,
  client: ClientAccess,
  network: PromisedNetwork,
  context: MoveContext,
): Promise<{ readonly seconds: number; readonly lacks: readonly string[] }> {
  const { signal, progress } = context;
  const started = performance.now();
  const reach = { wait: loginLimit, signal };
  // The way to it is laid while it moves.
  const reaching = connectGateway(access, reach);
  const laid = reaching.then(
    (gateway) => gateway,
    () => undefined,
  );
  try {
    progress(`${client.name}: from ${client.network} to ${network.name}`);
    await left();
    await cardsOf(access).move(access, client, network, context);
    const moved = { ...client, network: network.name };
    const connection = await connectClient(access, moved, await reaching, reach);
    try {
      const wait = client.clat ? settlingTime.withClat : settlingTime.usual;
      const lacks = await arrival(moved, network, { connection, signal }, wait);
      return { seconds: (performance.now() - started) / 1000, lacks };
    } finally {
      connection.close();
    }
  } finally {
    (await laid)?.close();
  }
}
