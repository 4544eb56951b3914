import { isAutonomous, isManaged } from "../announcements";
import { parseInterfaceId } from "../interface-id";
import type { LabConfig } from "../schema";
import { error, warning, when, type Check, type Finding } from "./finding";

const section = "routerAdvertisements";

function intervalFindings({ routerAdvertisements: ra }: LabConfig): readonly Finding[] {
  const longestMinimum = Math.floor(0.75 * ra.maxInterval);
  const lifetime = ra.routerLifetime;
  return [
    ...when(ra.minInterval > longestMinimum, () =>
      error(
        `${section}.minInterval`,
        ra.minInterval,
        `is more than three quarters of maxInterval ${ra.maxInterval} (RFC 4861 section 6.2.1).`,
        `Write ${longestMinimum} or less, or a longer maxInterval`,
      ),
    ),
    ...when(lifetime !== undefined && lifetime !== 0 && lifetime < ra.maxInterval, () =>
      error(
        `${section}.routerLifetime`,
        lifetime,
        `is neither 0 nor at least maxInterval ${ra.maxInterval}: the default route would come and go (RFC 4861 section 6.2.1).`,
        `Write ${3 * ra.maxInterval}, three intervals`,
      ),
    ),
    ...when(lifetime === 0, () =>
      warning(`${section}.routerLifetime`, 0, "gives the clients no default route.", "Leave it out to give them one"),
    ),
    ...expiringOption(`${section}.dnsLifetime`, ra.dnsLifetime, ra.maxInterval),
    ...expiringOption(`${section}.pref64Lifetime`, ra.pref64Lifetime, ra.maxInterval),
  ];
}

function expiringOption(key: string, lifetime: number | undefined, maxInterval: number): readonly Finding[] {
  return when(lifetime !== undefined && lifetime < maxInterval, () =>
    error(
      key,
      lifetime,
      `is less than maxInterval ${maxInterval}: it would expire before the next advertisement renews it.`,
      `Write ${3 * maxInterval}, three intervals`,
    ),
  );
}

function prefixLifetimeFindings({ routerAdvertisements: { prefix, maxInterval } }: LabConfig): readonly Finding[] {
  return [
    ...when(prefix.preferredLifetime > prefix.validLifetime, () =>
      longerThanValid(`${section}.prefix.preferredLifetime`, prefix.preferredLifetime, prefix.validLifetime),
    ),
    ...expiringOption(`${section}.prefix.validLifetime`, prefix.validLifetime, maxInterval),
  ];
}

function longerThanValid(key: string, preferred: number, valid: number): Finding {
  return error(
    key,
    preferred,
    `is longer than validLifetime ${valid} (RFC 4862 section 5.5.3).`,
    `Write ${valid} or less`,
  );
}

/** Clients without any way to an address would wait for ever. */
function addressSourceFindings(config: LabConfig): readonly Finding[] {
  const { mode } = config.dhcpv6;
  const autonomous = isAutonomous(config);
  const managed = isManaged(config);
  return [
    ...when(!autonomous && mode !== "stateful", () =>
      error(
        `${section}.prefix.autonomous`,
        false,
        `and dhcpv6.mode is ${mode}: nothing gives the clients an address.`,
        "Write true, or dhcpv6.mode: stateful",
      ),
    ),
    ...when(!autonomous && mode === "stateful" && !managed, () =>
      error(
        `${section}.managed`,
        false,
        "tells the clients not to ask for an address, and they may not make one either.",
        "Leave it out, or write prefix.autonomous: true",
      ),
    ),
    ...when(managed && mode !== "stateful", () =>
      warning(
        `${section}.managed`,
        true,
        `sends the clients to a DHCPv6 server for addresses, and dhcpv6.mode is ${mode}.`,
        "Leave it out, or write dhcpv6.mode: stateful",
      ),
    ),
  ];
}

/** Other modes give no addresses. */
function leaseFindings({ dhcpv6, lan }: LabConfig): readonly Finding[] {
  if (dhcpv6.mode !== "stateful") return [];
  const first = parseInterfaceId(dhcpv6.pool.first);
  const last = parseInterfaceId(dhcpv6.pool.last);
  const gateway = parseInterfaceId(lan.gatewayInterfaceId);
  return [
    ...when(dhcpv6.preferredLifetime > dhcpv6.validLifetime, () =>
      longerThanValid("dhcpv6.preferredLifetime", dhcpv6.preferredLifetime, dhcpv6.validLifetime),
    ),
    ...when(first > last, () =>
      error("dhcpv6.pool.first", dhcpv6.pool.first, `comes after pool.last ${dhcpv6.pool.last}.`, "Exchange the two"),
    ),
    ...when(first <= gateway && gateway <= last, () =>
      error(
        "dhcpv6.pool",
        `${dhcpv6.pool.first} to ${dhcpv6.pool.last}`,
        `holds the gateway's own ${lan.gatewayInterfaceId}.`,
        "Choose a pool without it, e.g. ::d000 to ::dfff",
      ),
    ),
  ];
}

export const announcementChecks: readonly Check[] = [
  { reads: ["routerAdvertisements"], find: intervalFindings },
  { reads: ["routerAdvertisements"], find: prefixLifetimeFindings },
  { reads: ["routerAdvertisements", "dhcpv6"], find: addressSourceFindings },
  { reads: ["dhcpv6", "lan"], find: leaseFindings },
];
