/** What is known of a host of the simulated internet. */
import { hosts, type HostPlan, zone } from "../plan/internet/hosts";
import type { LabAccess } from "./access";

/** Whether a host is there, and nowhere else: no machine outside the lab ever finds it. */
export function isSimulated({ promised }: Pick<LabAccess, "promised">, host: string): boolean {
  return promised.internet !== "real" && host.endsWith(`.${zone}`);
}

/** Its addresses; undefined: it is none of those that everybody reaches. */
export function simulatedHost(lab: Pick<LabAccess, "promised">, host: string): HostPlan | undefined {
  return isSimulated(lab, host) ? hosts.find(({ name }) => name === host) : undefined;
}
