/** The clients: sizes, MACs, addresses. What one client gets depends on its own entry and name alone. */
import { isAutonomous } from "./announcements";
import { opaqueInterfaceId, type LabIdentity } from "./identity";
import { addressInPrefix, eui64InterfaceId, linkLocalOf, parseInterfaceId } from "./interface-id";
import { clientMacs, gatewayMacs } from "./mac";
import type { ClientPlan } from "./model";
import { platformDecisions } from "./platforms";
import { parseIpv6Prefix } from "./prefix";
import { ConfigError, type ConfigProblem } from "./problem";
import type { LabConfig } from "./schema";

export interface PlannedClient {
  readonly plan: ClientPlan;
  /**
   * What stateful DHCPv6 hands to this client. Where the client also makes its own address, this is another one: the
   * same address from two sources would be taken away when the first of them expires.
   */
  readonly reservedAddress: string;
}

/** The clients as configured; a count stands for `client-1`, `client-2`, … */
export function configuredClients({ clients }: LabConfig): Exclude<LabConfig["clients"], number> {
  return typeof clients === "number"
    ? Array.from({ length: clients }, (_, index) => ({ name: `client-${index + 1}` }))
    : clients;
}

/** Sorted by name, numbers in names by value. @throws ConfigError when two machines would share an address or MAC. */
export function planClients(config: LabConfig, identity: LabIdentity): readonly PlannedClient[] {
  const prefix = parseIpv6Prefix(config.lan.prefix);
  const autonomous = isAutonomous(config);
  const clients = configuredClients(config);
  const { macRange } = platformDecisions(config);
  const names = clients.map(({ name }) => name);
  const macs = clientMacs(macRange, identity, names);
  const planned = clients.map((client): PlannedClient => {
    const lanMac = macs.get(client.name) ?? "";
    const fixed = client.interfaceId === undefined ? undefined : parseInterfaceId(client.interfaceId);
    const ownAddress = addressInPrefix(prefix, fixed ?? eui64InterfaceId(lanMac));
    const opaqueAddress = addressInPrefix(prefix, opaqueInterfaceId(identity, client.name));
    const reservedAddress = autonomous || fixed === undefined ? opaqueAddress : ownAddress;
    const plan: ClientPlan = {
      role: "client",
      name: client.name,
      memoryMiB: client.memory ?? config.clientDefaults.memory,
      cpus: client.cpus ?? config.clientDefaults.cpus,
      lanMac,
      interfaceId: client.interfaceId === undefined ? { kind: "eui64" } : { kind: "fixed", token: client.interfaceId },
      address: autonomous ? ownAddress : reservedAddress,
      linkLocalAddress: linkLocalOf(lanMac),
    };
    return { plan, reservedAddress };
  });
  const gateway = [
    gatewayMacs(macRange, identity).lan,
    addressInPrefix(prefix, parseInterfaceId(config.lan.gatewayInterfaceId)),
  ];
  const collisions = findCollisions(config, gateway, planned);
  if (collisions.length > 0) throw new ConfigError(collisions);
  return planned.sort((one, other) => byName(one.plan.name, other.plan.name));
}

const naturalOrder = new Intl.Collator("en", { numeric: true });

function byName(one: string, other: string): number {
  return naturalOrder.compare(one, other) || (one < other ? -1 : 1);
}

/** The gateway's and every client's MAC and address must be their own. With hashes a clash is rare, never impossible. */
function findCollisions(
  config: LabConfig,
  gateway: readonly string[],
  planned: readonly PlannedClient[],
): ConfigProblem[] {
  const taken = new Map(gateway.map((value) => [value, "gateway"]));
  const problems: ConfigProblem[] = [];
  for (const { plan, reservedAddress } of planned) {
    const leased = config.dhcpv6.mode === "stateful" ? [reservedAddress] : [];
    for (const value of new Set([plan.lanMac, plan.address, ...leased])) {
      const owner = taken.get(value);
      if (owner === undefined) taken.set(value, plan.name);
      else {
        problems.push({
          key: typeof config.clients === "number" ? "clients" : `clients (${plan.name})`,
          value: value,
          why: `would be both ${owner}'s and ${plan.name}'s.`,
          remedy: `Give ${plan.name} another name or interfaceId.`,
        });
      }
    }
  }
  return problems;
}
