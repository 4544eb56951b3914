/** On which of its networks each client is now: asked of the platform, never remembered. */
import type { LabAccess } from "../verify/access";
import { cardsOf } from "./cards";

/** The same lab with every client where it is. One that nobody can ask is where it lives. */
export async function withWhereabouts(access: LabAccess): Promise<LabAccess> {
  if (access.promised.networks.length < 2) return access;
  const networks = await cardsOf(access).networks(access);
  const clients = access.clients.map((client) => ({
    ...client,
    network: networks.get(client.name) ?? client.network,
    home: client.home ?? client.network,
  }));
  return { ...access, clients };
}
