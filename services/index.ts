/** The services of the gateway: the one list, in the order in which they are brought up. */
import type { LabPlan } from "../plan/model";
import { bindings } from "./bindings";
import { type Bundle, bundleOf, type Service } from "./bundle";
import { internet } from "./internet";
import { jool } from "./jool";
import { kea } from "./kea";
import { keaDhcp4 } from "./kea_dhcp4";
import { lan } from "./lan";
import { names } from "./names";
import { nftables } from "./nftables";
import { proxies } from "./proxies";
import { radvd } from "./radvd";
import { sysctl } from "./sysctl";
import { unbound, unboundPlain } from "./unbound";
import { web } from "./web";

/** Router advertisements come last: who hears them asks the others at once. */
export const services: readonly Service[] = [
  ...[lan, sysctl, nftables],
  ...[internet, names, web, proxies],
  ...[jool, bindings, unbound, unboundPlain, kea, keaDhcp4, radvd],
];

/** Installed only where the plan has them: a gateway that wants one later is another machine. */
const onDemand: readonly Service[] = [internet, names, web, proxies];

/** Every file of every service of the gateway. The same plan gives the same bytes. */
export function renderBundle(plan: LabPlan): Bundle {
  return bundleOf(services, plan);
}

/** Units that run in a lab of this plan. */
export function runningUnits(plan: LabPlan): readonly string[] {
  return services.flatMap(({ unit, files }) => (unit !== undefined && files(plan).length > 0 ? [unit] : []));
}

/** What every gateway needs installed: for the services, and for what their scripts call. */
export const gatewaySoftware = softwareOf(services.filter((service) => !onDemand.includes(service)));

/** The same for the gateway of one plan. */
export function gatewaySoftwareOf(plan: LabPlan): typeof gatewaySoftware {
  return softwareOf(services.filter((service) => !onDemand.includes(service) || service.files(plan).length > 0));
}

function softwareOf(wanted: readonly Service[]) {
  return {
    packages: [...new Set([...wanted.flatMap(({ packages }) => packages), "bind9-dnsutils", "ethtool"])].sort(),
    heldBack: wanted.flatMap(({ unit, startsWhenInstalled }) => (startsWhenInstalled ? (unit ?? []) : [])),
  };
}
