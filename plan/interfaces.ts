import type { LabPlan } from "./model";

/** Interface names on the gateway, given by MAC address in cloud-init's network configuration. */
export const uplink = "uplink";
export const lan = "lan";
/** Carries SSH only, where the uplink cannot be reached from the machine that runs the lab. */
export const management = "mgmt";
/** Leads to the simulated internet. */
export const internet = "internet";

/** The card by which SSH comes in. */
export function sshInterface({ gateway }: LabPlan): string {
  return gateway.managementMac === undefined ? uplink : management;
}
