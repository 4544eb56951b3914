import type { LabPlan } from "./model";

/** Interface names, given by MAC address in cloud-init's network configuration. */
export const uplink = "uplink";
/** A client's card; and the gateway's on the one network of a lab that has no more. */
export const lan = "lan";
/** Carries SSH only, where the uplink cannot be reached from the machine that runs the lab. */
export const management = "mgmt";
/** Leads to the simulated internet. */
export const internet = "internet";

/** The gateway's card on a network that has a name. */
export function cardOf(network: string): string {
  return `${lan}-${network}`;
}

/** The gateway's cards on all networks. */
export function lanCards({ networks }: LabPlan): string[] {
  return networks.map(({ card }) => card);
}

/** The card by which SSH comes in. */
export function sshInterface({ gateway }: LabPlan): string {
  return gateway.managementMac === undefined ? uplink : management;
}
