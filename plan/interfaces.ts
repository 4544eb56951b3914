import type { LabPlan } from "./model";

/** Interface names on the gateway, given by MAC address in cloud-init's network configuration. */
export const uplink = "uplink";
export const lan = "lan";
/** Carries SSH only, where the uplink cannot be reached from the machine that runs the lab. */
export const management = "mgmt";

/** A bridged uplink belongs to somebody else's network: SSH then has a card of its own. */
export function hasManagement(plan: LabPlan): boolean {
  return plan.uplink.attachment.kind === "bridged";
}
