import type { Dhcpv6Plan, LabPlan } from "../plan/model";
import { lan } from "../plan/interfaces";
import { type Service, textFile, unitDropIn } from "./bundle";

/** Seconds after which a client asks again for what has no lease (RFC 8415 section 21.23; 600 is IRT_MINIMUM). */
const informationRefreshTime = 600;

/** Kea's DHCPv6 server (Kea 2.6 reference manual, chapter 9): nothing at all when the plan says `off`. */
export const kea: Service = {
  name: "kea",
  unit: "kea-dhcp6-server.service",
  packages: ["kea-dhcp6-server"],
  startsWhenInstalled: true,
  files: (plan) =>
    plan.dhcpv6.mode === "off"
      ? []
      : [
          textFile("/etc/kea/kea-dhcp6.conf", `${JSON.stringify({ Dhcp6: server(plan, plan.dhcpv6) }, null, 2)}\n`),
          // Kea ends when its interface is not there yet.
          unitDropIn("kea-dhcp6-server.service", [lan], "Restart=on-failure", "RestartSec=1"),
        ],
};

type RunningDhcpv6 = Exclude<Dhcpv6Plan, { mode: "off" }>;

function server(plan: LabPlan, dhcpv6: RunningDhcpv6): object {
  return {
    "interfaces-config": {
      interfaces: [lan],
      "service-sockets-max-retries": 60,
      "service-sockets-retry-wait-time": 500,
    },
    // One small LAN and usually one CPU: threads would only cost memory.
    "multi-threading": { "enable-multi-threading": false },
    "lease-database": { type: "memfile", persist: true, name: "/var/lib/kea/kea-leases6.csv", "lfc-interval": 3600 },
    // Clients are known by MAC address. Kea finds one in a DUID-LL, which the lab's clients send, or else in a
    // link-local source address, but there only a universally administered one (it insists on a set u bit).
    "mac-sources": ["ipv6-link-local", "duid"],
    "host-reservation-identifiers": ["hw-address"],
    "option-data": options(dhcpv6),
    // The subnet is what selects the interface, also for a server that gives no addresses.
    subnet6: [{ id: 1, subnet: plan.lan.prefix, interface: lan, ...leases(dhcpv6) }],
    loggers: [{ name: "kea-dhcp6", severity: "WARN", "output-options": [{ output: "stdout" }] }],
  };
}

function options(dhcpv6: RunningDhcpv6): object[] {
  const option = (name: string, values: readonly string[]) =>
    values.length === 0 ? [] : [{ name, data: values.join(", ") }];
  return [
    ...option("dns-servers", dhcpv6.dnsServers),
    ...option("domain-search", dhcpv6.searchDomains),
    ...option("information-refresh-time", [String(informationRefreshTime)]),
  ];
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
