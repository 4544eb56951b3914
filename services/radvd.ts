import type { LabPlan } from "../plan/model";
import type { BundleFile } from "./bundle";
import { lan } from "../plan/interfaces";
import { banner, indent, lines } from "./text";

/** Router advertisements on the LAN: radvd.conf(5), radvd 2.20 or later for `nat64prefix`. */
export function renderRadvd(plan: LabPlan): BundleFile[] {
  const { routerAdvertisements: ra } = plan;
  const content = lines(
    banner("#"),
    block(
      `interface ${lan}`,
      "AdvSendAdvert on;",
      `MinRtrAdvInterval ${ra.minInterval};`,
      `MaxRtrAdvInterval ${ra.maxInterval};`,
      `AdvDefaultLifetime ${ra.routerLifetime};`,
      `AdvManagedFlag ${flag(ra.managed)};`,
      `AdvOtherConfigFlag ${flag(ra.otherConfig)};`,
      `AdvLinkMTU ${plan.lan.mtu};`,
      prefix(plan),
      recursiveServers(plan),
      searchList(plan),
      pref64(plan),
    ),
  );
  return [{ service: "radvd", path: "/etc/radvd.conf", mode: "0644", content }];
}

/** Prefix information (RFC 4861 section 4.6.2; the R flag of AdvRouterAddr: RFC 6275 section 7.2). */
function prefix(plan: LabPlan): string {
  const { prefix: flags } = plan.routerAdvertisements;
  return block(
    `prefix ${plan.lan.prefix}`,
    `AdvOnLink ${flag(flags.onLink)};`,
    `AdvAutonomous ${flag(flags.autonomous)};`,
    `AdvRouterAddr ${flag(flags.routerAddress)};`,
    `AdvValidLifetime ${flags.validLifetime};`,
    `AdvPreferredLifetime ${flags.preferredLifetime};`,
  );
}

/** RFC 8106 section 5.1. */
function recursiveServers(plan: LabPlan): string | undefined {
  const { servers, lifetime } = plan.routerAdvertisements.rdnss;
  return servers.length === 0 ? undefined : block(`RDNSS ${servers.join(" ")}`, `AdvRDNSSLifetime ${lifetime};`);
}

/** RFC 8106 section 5.2. */
function searchList(plan: LabPlan): string | undefined {
  const { domains, lifetime } = plan.routerAdvertisements.dnssl;
  return domains.length === 0 ? undefined : block(`DNSSL ${domains.join(" ")}`, `AdvDNSSLLifetime ${lifetime};`);
}

/** RFC 8781. */
function pref64(plan: LabPlan): string | undefined {
  const { pref64: option } = plan.routerAdvertisements;
  return option && block(`nat64prefix ${option.prefix}`, `AdvValidLifetime ${option.lifetime};`);
}

function block(head: string, ...members: readonly (string | undefined)[]): string {
  return `${head}\n{\n${indent("\t", lines(...members))}\n};`;
}

function flag(on: boolean): "on" | "off" {
  return on ? "on" : "off";
}
