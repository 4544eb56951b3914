import { isAutonomous, isManaged } from "../announcements";
import { parseInterfaceId } from "../interface-id";
import { traits } from "../scenario";
import { error, warning, type Check, type Finding } from "./finding";
import { perNetwork, withIpv6 } from "./networks";

function* lifetimeFindings(
  section: string,
  { preferredLifetime, validLifetime }: { readonly preferredLifetime: number; readonly validLifetime: number },
): Iterable<Finding> {
  if (preferredLifetime > validLifetime)
    yield error(
      `${section}.preferredLifetime`,
      `is longer than validLifetime ${validLifetime} (RFC 4862 section 5.5.3).`,
      `Write ${validLifetime} or less`,
    );
}

export const announcementChecks: readonly Check[] = [
  perNetwork(["routerAdvertisements"], withIpv6, function* ({ routerAdvertisements: ra, scenario, at }) {
    const { maxInterval, routerLifetime, dnsLifetime, pref64Lifetime, prefix } = ra;
    const longestMinimum = Math.floor(0.75 * maxInterval);
    const threeIntervals = `Write ${3 * maxInterval}, three intervals`;
    if (ra.minInterval > longestMinimum)
      yield error(
        at("routerAdvertisements.minInterval"),
        `is more than three quarters of maxInterval ${maxInterval} (RFC 4861 section 6.2.1).`,
        `Write ${longestMinimum} or less, or a longer maxInterval`,
      );
    const { nat64 } = traits[scenario];
    if (routerLifetime === 0)
      yield (nat64 ? error : warning)(
        at("routerAdvertisements.routerLifetime"),
        `gives the clients no default route${nat64 ? ", and without one nothing of theirs comes to the translator" : ""}.`,
        "Leave it out to give them one",
      );
    else if (routerLifetime !== undefined && routerLifetime < maxInterval)
      yield error(
        at("routerAdvertisements.routerLifetime"),
        `is neither 0 nor at least maxInterval ${maxInterval}: the default route would come and go (RFC 4861 section 6.2.1).`,
        threeIntervals,
      );
    // An address that is never preferred is a case to test with; one that now is and now is not, is none.
    const preferred = prefix.preferredLifetime === 0 ? undefined : prefix.preferredLifetime;
    const announced = {
      ...{ dnsLifetime, pref64Lifetime },
      ...{ "prefix.validLifetime": prefix.validLifetime, "prefix.preferredLifetime": preferred },
    };
    for (const [name, lifetime] of Object.entries(announced))
      if (lifetime !== undefined && lifetime < maxInterval)
        yield error(
          at(`routerAdvertisements.${name}`),
          `is less than maxInterval ${maxInterval}: it would expire before the next advertisement renews it.`,
          threeIntervals,
        );
    yield* lifetimeFindings(at("routerAdvertisements.prefix"), prefix);
  }),

  /** Clients without any way to an address would wait for ever. */
  perNetwork(["routerAdvertisements", "dhcpv6"], withIpv6, function* (network) {
    const { at } = network;
    const { mode } = network.dhcpv6;
    const managed = isManaged(network);
    if (!isAutonomous(network) && mode !== "stateful")
      yield error(
        at("routerAdvertisements.prefix.autonomous"),
        `and dhcpv6.mode is ${mode}: nothing gives the clients an address.`,
        "Write true, or dhcpv6.mode: stateful",
      );
    const { ipv4, ipv6OnlyPreferred } = traits[network.scenario];
    const { preferredLifetime } = network.routerAdvertisements.prefix;
    if (preferredLifetime === 0 && isAutonomous(network) && mode !== "stateful" && (!ipv4 || ipv6OnlyPreferred))
      yield error(
        at("routerAdvertisements.prefix.preferredLifetime"),
        "leaves clients that have no IPv4 without a preferred address, and systemd-resolved asks nobody by a card that has none.",
        "Leave it out, or write scenario: dual-stack",
      );
    if (!isAutonomous(network) && mode === "stateful" && !managed)
      yield error(
        at("routerAdvertisements.managed"),
        "tells the clients not to ask for an address, and they may not make one either.",
        "Leave it out, or write prefix.autonomous: true",
      );
    if (managed && mode !== "stateful")
      yield warning(
        at("routerAdvertisements.managed"),
        `sends the clients to a DHCPv6 server for addresses, and dhcpv6.mode is ${mode}.`,
        "Leave it out, or write dhcpv6.mode: stateful",
      );
  }),

  /** Other modes give no addresses. */
  perNetwork(["dhcpv6", "lan"], withIpv6, function* ({ dhcpv6, gatewayInterfaceId, at }) {
    if (dhcpv6.mode !== "stateful") return;
    const { pool } = dhcpv6;
    const [first, last] = [parseInterfaceId(pool.first), parseInterfaceId(pool.last)];
    const gateway = parseInterfaceId(gatewayInterfaceId);
    yield* lifetimeFindings(at("dhcpv6"), dhcpv6);
    if (first > last) yield error(at("dhcpv6.pool.first"), `comes after pool.last ${pool.last}.`, "Exchange the two");
    if (first <= gateway && gateway <= last)
      yield error(
        at("dhcpv6.pool"),
        `holds the gateway's own ${gatewayInterfaceId}.`,
        "Choose a pool without it, e.g. ::d000 to ::dfff",
        `${pool.first} to ${pool.last}`,
      );
  }),
];
