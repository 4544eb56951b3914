import type { LabPlan } from "../plan/model";
import { lan } from "../plan/interfaces";
import { type Service, textFile } from "./bundle";
import { banner, indent, lines } from "./text";

/**
 * Router advertisements on the LAN: radvd.conf(5), radvd 2.20 or later for `nat64prefix`. radvd.sh makes /etc/radvd.conf
 * from this file, with what was announced before and is withdrawn.
 */
export const radvd: Service = {
  name: "radvd",
  unit: "radvd.service",
  packages: ["radvd"],
  startsWhenInstalled: true,
  files: (plan) => [textFile("/etc/ipv6-only-lab/radvd.conf", configuration(plan))],
};

function configuration(plan: LabPlan): string {
  const { routerAdvertisements: ra } = plan;
  return lines(
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
}

/** Prefix information (RFC 4861 section 4.6.2); with the R flag it holds the router's whole address (RFC 6275 section 7.2). */
function prefix(plan: LabPlan): string {
  const { prefix: flags } = plan.routerAdvertisements;
  const { prefix: network, gatewayAddress } = plan.lan;
  const announced = flags.routerAddress ? `${gatewayAddress}${network.slice(network.indexOf("/"))}` : network;
  return block(
    `prefix ${announced}`,
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
