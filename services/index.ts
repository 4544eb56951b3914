/** The services of the gateway: the one list, in the order in which they are brought up. */
import type { LabPlan } from "../plan/model";
import { type Bundle, bundleOf, type Service } from "./bundle";
import { jool } from "./jool";
import { kea } from "./kea";
import { keaDhcp4 } from "./kea_dhcp4";
import { lan } from "./lan";
import { nftables } from "./nftables";
import { radvd } from "./radvd";
import { sysctl } from "./sysctl";
import { unbound, unboundPlain } from "./unbound";

/** Router advertisements come last: who hears them asks the others at once. */
export const services: readonly Service[] = [
  ...[lan, sysctl, nftables, jool, unbound, unboundPlain],
  ...[kea, keaDhcp4, radvd],
];

/** Every file of every service of the gateway. The same plan gives the same bytes. */
export function renderBundle(plan: LabPlan): Bundle {
  return bundleOf(services, plan);
}

/** Units that run in a lab of this plan. */
export function runningUnits(plan: LabPlan): readonly string[] {
  return services.flatMap(({ unit, files }) => (unit !== undefined && files(plan).length > 0 ? [unit] : []));
}

/** What a gateway needs installed: for the services, and for what their scripts call. */
export const gatewaySoftware = {
  packages: [...new Set([...services.flatMap(({ packages }) => packages), "bind9-dnsutils", "ethtool"])].sort(),
  heldBack: services.flatMap(({ unit, startsWhenInstalled }) => (startsWhenInstalled ? (unit ?? []) : [])),
};
