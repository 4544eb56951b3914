/** The picture of a running lab: what was promised, and every client where it is. */
import { type Topology, topologyOf } from "../report/topology";
import type { LabAccess } from "./access";

export function labTopology({ promised, gateway, clients }: LabAccess): Topology {
  const { internet, uplink } = promised;
  return topologyOf(promised, { internet, uplink, gateway: gateway.name }, clients);
}
