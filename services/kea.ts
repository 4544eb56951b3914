import type { Dhcpv6Plan, LabPlan } from "../plan/model";
import { type Service, type ServiceFile, textFile, unitDropIn } from "./bundle";

/** Seconds after which a client asks again for what has no lease (RFC 8415 section 21.23; 600 is IRT_MINIMUM). */
const informationRefreshTime = 600;

interface ServedNetwork {
  readonly card: string;
  readonly prefix: string;
  readonly dhcpv6: RunningDhcpv6;
}

type RunningDhcpv6 = Exclude<Dhcpv6Plan, { mode: "off" }>;

/** Kea's DHCPv6 server (Kea 2.6 reference manual, chapter 9): nothing at all where the plan says `off` everywhere. */
export const kea: Service = {
  name: "kea",
  unit: "kea-dhcp6-server.service",
  packages: ["kea-dhcp6-server"],
  startsWhenInstalled: true,
  files: (plan) => {
    const networks = served(plan);
    return keaFiles(6, networks, specifics(networks));
  },
};

/** What both of Kea's servers have in common; nothing where there is nobody to serve. */
export function keaFiles(
  version: 4 | 6,
  networks: readonly { readonly card: string }[],
  specifics: object,
): readonly ServiceFile[] {
  if (networks.length === 0) return [];
  const cards = networks.map(({ card }) => card);
  const name = `kea-dhcp${version}`;
  const server = {
    "interfaces-config": {
      interfaces: cards,
      "service-sockets-max-retries": 60,
      "service-sockets-retry-wait-time": 500,
    },
    // Small networks and usually one CPU: threads would only cost memory.
    "multi-threading": { "enable-multi-threading": false },
    "lease-database": {
      ...{ type: "memfile", persist: true, name: `/var/lib/kea/kea-leases${version}.csv` },
      "lfc-interval": 3600,
    },
    "host-reservation-identifiers": ["hw-address"],
    ...specifics,
    loggers: [{ name, severity: "WARN", "output-options": [{ output: "stdout" }] }],
  };
  return [
    textFile(`/etc/kea/${name}.conf`, `${JSON.stringify({ [`Dhcp${version}`]: server }, null, 2)}\n`),
    // Kea ends when its interface is not there yet.
    unitDropIn(`${name}-server.service`, cards, "Restart=on-failure", "RestartSec=1"),
  ];
}

function served({ networks }: LabPlan): ServedNetwork[] {
  return networks.flatMap(({ card, ipv6 }) =>
    ipv6 === undefined || ipv6.dhcpv6.mode === "off" ? [] : [{ card, prefix: ipv6.prefix, dhcpv6: ipv6.dhcpv6 }],
  );
}

function specifics(networks: readonly ServedNetwork[]): object {
  return {
    // Clients are known by MAC address. Kea finds one in a DUID-LL, which the lab's clients send, or else in a
    // link-local source address, but there only a universally administered one (it insists on a set u bit).
    "mac-sources": ["ipv6-link-local", "duid"],
    // The subnet is what selects the interface, also for a server that gives no addresses.
    subnet6: networks.map(({ card, prefix, dhcpv6 }, index) => ({
      id: index + 1,
      subnet: prefix,
      interface: card,
      "option-data": options(dhcpv6),
      ...leases(dhcpv6),
    })),
  };
}

function options(dhcpv6: RunningDhcpv6): object[] {
  return [
    ...keaOption("dns-servers", dhcpv6.dnsServers),
    ...keaOption("domain-search", dhcpv6.searchDomains),
    ...keaOption("information-refresh-time", [String(informationRefreshTime)]),
  ];
}

/** An option, unless it has no value. */
export function keaOption(name: string, values: readonly string[]): object[] {
  return values.length === 0 ? [] : [{ name, data: values.join(", ") }];
}

function leases(dhcpv6: RunningDhcpv6): object {
  switch (dhcpv6.mode) {
    case "stateless":
      return {};
    case "stateful":
      return {
        pools: [{ pool: `${dhcpv6.pool.first} - ${dhcpv6.pool.last}` }],
        "preferred-lifetime": dhcpv6.preferredLifetime,
        "valid-lifetime": dhcpv6.validLifetime,
        // The fractions that RFC 8415 section 21.4 recommends for T1 and T2.
        "renew-timer": Math.floor(dhcpv6.preferredLifetime * 0.5),
        "rebind-timer": Math.floor(dhcpv6.preferredLifetime * 0.8),
        reservations: dhcpv6.reservations.map(({ mac, address, hostname }) => ({
          "hw-address": mac,
          "ip-addresses": [address],
          hostname,
        })),
      };
  }
}
