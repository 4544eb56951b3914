/** What the router tells the LAN about itself. */
import type { RouterAdvertisementPlan } from "./model";
import type { LabNetwork } from "./networks";
import { traits } from "./scenario";
import type { LabConfig } from "./schema";

type Announcing = Pick<LabNetwork, "routerAdvertisements" | "dhcpv6">;

/** PREF64's lifetime field counts units of 8 seconds in 13 bits (RFC 8781 section 4). */
const pref64Unit = 8;
const longestPref64Lifetime = 8191 * pref64Unit;
const longestRouterLifetime = 65_535;

/** True when clients make their own addresses (SLAAC). */
export function isAutonomous({ routerAdvertisements, dhcpv6 }: Announcing): boolean {
  return routerAdvertisements.prefix.autonomous ?? dhcpv6.mode !== "stateful";
}

export function isManaged({ routerAdvertisements, dhcpv6 }: Announcing): boolean {
  return routerAdvertisements.managed ?? dhcpv6.mode === "stateful";
}

export function routerAdvertisementPlan(
  { nat64 }: LabConfig,
  network: LabNetwork,
  gatewayAddress: string,
): RouterAdvertisementPlan {
  const { routerAdvertisements: configured, dhcpv6, searchDomains, scenario } = network;
  const threeIntervals = 3 * configured.maxInterval;
  const dnsLifetime = configured.dnsLifetime ?? threeIntervals;
  return {
    minInterval: configured.minInterval,
    maxInterval: configured.maxInterval,
    routerLifetime: configured.routerLifetime ?? Math.min(threeIntervals, longestRouterLifetime),
    managed: isManaged(network),
    otherConfig: configured.otherConfig ?? dhcpv6.mode !== "off",
    prefix: { ...configured.prefix, autonomous: isAutonomous(network) },
    rdnss: { servers: [gatewayAddress], lifetime: dnsLifetime },
    dnssl: { domains: searchDomains, lifetime: dnsLifetime },
    pref64:
      configured.pref64 && traits[scenario].nat64
        ? { prefix: nat64.prefix, lifetime: pref64Lifetime(configured.pref64Lifetime ?? threeIntervals) }
        : undefined,
  };
}

function pref64Lifetime(seconds: number): number {
  return Math.min(Math.ceil(seconds / pref64Unit) * pref64Unit, longestPref64Lifetime);
}
