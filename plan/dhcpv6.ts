/** What DHCPv6 tells the LAN, and which address it gives to whom. */
import type { PlannedClient } from "./clients";
import { addressInPrefix, parseInterfaceId } from "./interface-id";
import type { Dhcpv6Plan } from "./model";
import type { LabNetwork } from "./networks";
import { parseIpv6Prefix } from "./prefix";

export function dhcpv6Plan(
  network: LabNetwork,
  lanPrefix: string,
  gatewayAddress: string,
  clients: readonly PlannedClient[],
): Dhcpv6Plan {
  const { mode, pool, preferredLifetime, validLifetime } = network.dhcpv6;
  if (mode === "off") return { mode };
  const options = { dnsServers: [gatewayAddress], searchDomains: network.searchDomains };
  if (mode === "stateless") return { mode, ...options };
  const prefix = parseIpv6Prefix(lanPrefix);
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
      .flatMap(({ plan, reserved }) => {
        const address = reserved[network.name];
        return address === undefined ? [] : [{ mac: plan.lanMac, address, hostname: plan.name }];
      })
      .sort((one, other) => (one.mac < other.mac ? -1 : 1)),
  };
}
