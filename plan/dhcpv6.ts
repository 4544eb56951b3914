/** What DHCPv6 tells the LAN, and which address it gives to whom. */
import type { PlannedClient } from "./clients";
import { addressInPrefix, parseInterfaceId } from "./interface-id";
import type { Dhcpv6Plan, LanPlan } from "./model";
import { parseIpv6Prefix } from "./prefix";
import type { LabConfig } from "./schema";

export function dhcpv6Plan(config: LabConfig, lan: LanPlan, clients: readonly PlannedClient[]): Dhcpv6Plan {
  const { mode, pool, preferredLifetime, validLifetime } = config.dhcpv6;
  if (mode === "off") return { mode };
  const options = { dnsServers: [lan.gatewayAddress], searchDomains: config.dns.searchDomains };
  if (mode === "stateless") return { mode, ...options };
  const prefix = parseIpv6Prefix(lan.prefix);
  return {
    mode,
    ...options,
    pool: {
      first: addressInPrefix(prefix, parseInterfaceId(pool.first)),
      last: addressInPrefix(prefix, parseInterfaceId(pool.last)),
    },
    preferredLifetime,
    validLifetime,
    reservations: clients
      .map(({ plan, reservedAddress }) => ({ mac: plan.lanMac, address: reservedAddress, hostname: plan.name }))
      .sort((one, other) => (one.mac < other.mac ? -1 : 1)),
  };
}
