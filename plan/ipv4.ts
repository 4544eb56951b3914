/** IPv4 on a network that has it: which of its addresses are whose, and what DHCPv4 hands out. */
import type { PlannedClient } from "./clients";
import { hostNumber, type LabIdentity } from "./identity";
import type { Ipv4NetworkPlan } from "./model";
import type { LabNetwork } from "./networks";
import { formatIpv4, parseIpv4Prefix } from "./prefix";
import { traits } from "./scenario";
import { shorterFirst } from "./sorted";

/** Seconds: a client that moves to another network must not hold its old address for long. */
const leaseTime = 600;

/** RFC 8925 section 3.4: MIN_V6ONLY_WAIT. A host that joins another network asks at once anyway. */
const v6OnlyWait = 300;

/** How a network's addresses are shared out: host 1 is the gateway, the lower half the clients', the upper the strangers'. */
export function hostsOf(prefix: string) {
  const { address, length } = parseIpv4Prefix(prefix);
  const size = 1n << BigInt(32 - length);
  const at = (host: bigint): string => formatIpv4(address + host);
  const clients = { first: size / 16n, count: size / 2n - size / 16n };
  return {
    gateway: at(1n),
    /** How many clients have room. */
    capacity: Number(clients.count),
    client: (index: bigint): string => at(clients.first + (index % clients.count)),
    // The last is the broadcast address.
    pool: { first: at(size / 2n), last: at(size - 2n) },
  };
}

/**
 * Every client's address by its name. Names of equal hash make way for each other, the longer for the shorter, in an order
 * that does not depend on the configuration's; with few addresses that happens.
 * @returns undefined for a client that finds no room.
 */
export function ipv4Addresses(
  identity: LabIdentity,
  prefix: string,
  names: readonly string[],
): ReadonlyMap<string, string | undefined> {
  const { client, capacity } = hostsOf(prefix);
  const taken = new Set<string>();
  const sorted = [...names].sort(shorterFirst);
  return new Map(
    sorted.map((name) => {
      const start = hostNumber(identity, name);
      for (let step = 0; step < capacity; step += 1) {
        const address = client(start + BigInt(step));
        if (!taken.has(address)) {
          taken.add(address);
          return [name, address];
        }
      }
      return [name, undefined];
    }),
  );
}

export function ipv4Plan(network: LabNetwork, prefix: string, clients: readonly PlannedClient[]): Ipv4NetworkPlan {
  const { gateway, pool } = hostsOf(prefix);
  return {
    prefix,
    gatewayAddress: gateway,
    pool,
    leaseTime,
    reservations: clients
      .flatMap(({ plan: { lanMac: mac, name: hostname, addresses } }) => {
        const address = addresses[network.name]?.ipv4;
        return address === undefined ? [] : [{ mac, address, hostname }];
      })
      .sort((one, other) => (one.mac < other.mac ? -1 : 1)),
    v6OnlyWait: traits[network.scenario].ipv6OnlyPreferred ? v6OnlyWait : undefined,
  };
}
