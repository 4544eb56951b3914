import type { Ipv6NetworkPlan, LabPlan, RouterAdvertisementPlan } from "../plan/model";
import { type Service, textFile } from "./bundle";
import { banner, indent, lines } from "./text";

/**
 * Router advertisements, on each network that has IPv6: radvd.conf(5), radvd 2.20 or later for `nat64prefix`. radvd.sh makes /etc/radvd.conf
 * from this file, with what was announced before and is withdrawn.
 */
export const radvd: Service = {
  name: "radvd",
  unit: "radvd.service",
  packages: ["radvd"],
  startsWhenInstalled: true,
  files: (plan) =>
    plan.networks.some(({ ipv6 }) => ipv6 !== undefined)
      ? [textFile("/etc/ipv6-only-lab/radvd.conf", configuration(plan))]
      : [],
};

function configuration({ networks }: LabPlan): string {
  return lines(
    banner("#"),
    ...networks.flatMap(({ card, mtu, ipv6 }) => (ipv6 === undefined ? [] : [announcement(card, mtu, ipv6)])),
  );
}

function announcement(card: string, mtu: number, ipv6: Ipv6NetworkPlan): string {
  const { routerAdvertisements: ra } = ipv6;
  return block(
    `interface ${card}`,
    "AdvSendAdvert on;",
    `MinRtrAdvInterval ${ra.minInterval};`,
    `MaxRtrAdvInterval ${ra.maxInterval};`,
    `AdvDefaultLifetime ${ra.routerLifetime};`,
    `AdvManagedFlag ${flag(ra.managed)};`,
    `AdvOtherConfigFlag ${flag(ra.otherConfig)};`,
    `AdvLinkMTU ${mtu};`,
    prefix(ipv6),
    recursiveServers(ra),
    searchList(ra),
    pref64(ra),
  );
}

/** Prefix information (RFC 4861 section 4.6.2); with the R flag it holds the router's whole address (RFC 6275 section 7.2). */
function prefix({ prefix: network, gatewayAddress, routerAdvertisements: { prefix: flags } }: Ipv6NetworkPlan): string {
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
function recursiveServers({ rdnss: { servers, lifetime } }: RouterAdvertisementPlan): string | undefined {
  return servers.length === 0 ? undefined : block(`RDNSS ${servers.join(" ")}`, `AdvRDNSSLifetime ${lifetime};`);
}

/** RFC 8106 section 5.2. */
function searchList({ dnssl: { domains, lifetime } }: RouterAdvertisementPlan): string | undefined {
  return domains.length === 0 ? undefined : block(`DNSSL ${domains.join(" ")}`, `AdvDNSSLLifetime ${lifetime};`);
}

/** RFC 8781. */
function pref64({ pref64: option }: RouterAdvertisementPlan): string | undefined {
  return option && block(`nat64prefix ${option.prefix}`, `AdvValidLifetime ${option.lifetime};`);
}

function block(head: string, ...members: readonly (string | undefined)[]): string {
  return `${head}\n{\n${indent("\t", lines(...members))}\n};`;
}

function flag(on: boolean): "on" | "off" {
  return on ? "on" : "off";
}
