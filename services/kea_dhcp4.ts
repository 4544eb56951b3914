import type { Ipv4NetworkPlan, LabPlan, NetworkPlan } from "../plan/model";
import type { Service } from "./bundle";
import { keaFiles, keaOption } from "./kea";

interface ServedNetwork extends Pick<NetworkPlan, "card" | "searchDomains"> {
  readonly ipv4: Ipv4NetworkPlan;
}

/** Kea's DHCPv4 server (Kea 2.6 reference manual, chapter 8): nothing at all in a lab without IPv4. */
export const keaDhcp4: Service = {
  name: "kea_dhcp4",
  unit: "kea-dhcp4-server.service",
  packages: ["kea-dhcp4-server"],
  startsWhenInstalled: true,
  files: (plan) => {
    const networks = served(plan);
    return keaFiles(4, networks, specifics(networks));
  },
};

function served({ networks }: LabPlan): ServedNetwork[] {
  return networks.flatMap(({ card, searchDomains, ipv4 }) =>
    ipv4 === undefined ? [] : [{ card, searchDomains, ipv4 }],
  );
}

function specifics(networks: readonly ServedNetwork[]): object {
  return {
    // By the card and not by what the client calls itself: a restored machine may have another identifier.
    "match-client-id": false,
    "reservations-out-of-pool": true,
    // A client that comes from another network asks for the address that it had there: it is told at once that this is none.
    authoritative: true,
    subnet4: networks.map(({ card, searchDomains, ipv4 }, index) => ({
      id: index + 1,
      subnet: ipv4.prefix,
      interface: card,
      "valid-lifetime": ipv4.leaseTime,
      pools: [{ pool: `${ipv4.pool.first} - ${ipv4.pool.last}` }],
      "option-data": [
        ...keaOption("routers", [ipv4.gatewayAddress]),
        ...keaOption("domain-name-servers", [ipv4.gatewayAddress]),
        ...keaOption("domain-search", searchDomains),
        ...keaOption("v6-only-preferred", ipv4.v6OnlyWait === undefined ? [] : [String(ipv4.v6OnlyWait)]),
      ],
      reservations: ipv4.reservations.map(({ mac, address, hostname }) => ({
        "hw-address": mac,
        "ip-address": address,
        hostname,
      })),
    })),
  };
}
