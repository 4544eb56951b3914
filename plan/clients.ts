/** The clients: sizes, MACs, addresses. What one client gets depends on its own entry and name alone. */
import { isAutonomous } from "./announcements";
import { opaqueInterfaceId, type LabIdentity } from "./identity";
import { addressInPrefix, eui64InterfaceId, linkLocalOf, parseInterfaceId } from "./interface-id";
import { hostsOf, ipv4Addresses } from "./ipv4";
import { clientMacs, type GatewayMacs } from "./mac";
import type { ClientPlan } from "./model";
import { gatewayAddresses, labNetworks, type LabNetwork } from "./networks";
import { platformDecisions } from "./platforms";
import { parseIpv6Prefix } from "./prefix";
import { ConfigError, type ConfigProblem } from "./problem";
import type { LabConfig } from "./schema";

export interface PlannedClient {
  readonly plan: ClientPlan;
  /**
   * What stateful DHCPv6 hands to this client, by the network's name. Where the client also makes its own address, this is
   * another one: the same address from two sources would be taken away when the first of them expires.
   */
  readonly reserved: Readonly<Record<string, string | undefined>>;
}

type ConfiguredClient = Exclude<LabConfig["clients"], number>[number];

/** The clients as configured; a count stands for `client-1`, `client-2`, … */
export function configuredClients({ clients }: LabConfig): readonly ConfiguredClient[] {
  return typeof clients === "number"
    ? Array.from({ length: clients }, (_, index) => ({ name: `client-${index + 1}` }))
    : clients;
}

/** Sorted by name, numbers in names by value. @throws ConfigError when two machines would share an address or MAC. */
export function planClients(config: LabConfig, identity: LabIdentity, gateway: GatewayMacs): readonly PlannedClient[] {
  const networks = labNetworks(config);
  const clients = configuredClients(config);
  const names = clients.map(({ name }) => name);
  const macs = clientMacs(platformDecisions(config).macRange, identity, names, gateway);
  const places = networks.map((network) => placesOf(network, identity, names));
  const planned = clients.map((client): PlannedClient => {
    const lanMac = macs.get(client.name) ?? "";
    const homes = places.map((place) => place(client, lanMac));
    const plan: ClientPlan = {
      role: "client",
      name: client.name,
      memoryMiB: client.memory ?? config.clientDefaults.memory,
      cpus: client.cpus ?? config.clientDefaults.cpus,
      lanMac,
      interfaceId: client.interfaceId === undefined ? { kind: "eui64" } : { kind: "fixed", token: client.interfaceId },
      network: client.network ?? networks[0]?.name ?? "",
      addresses: Object.fromEntries(homes.map(({ network, addresses }) => [network, addresses])),
      linkLocalAddress: linkLocalOf(lanMac),
      option108: client.option108 ?? false,
      clat: client.clat ?? false,
    };
    return { plan, reserved: Object.fromEntries(homes.map(({ network, reserved }) => [network, reserved])) };
  });
  const collisions = [
    ...findCollisions(config, gateway, networks, planned),
    ...networks.flatMap((network) => findOverflow(network, planned)),
  ];
  if (collisions.length > 0) throw new ConfigError(collisions);
  return planned.sort((one, other) => byName(one.plan.name, other.plan.name));
}

/** What each client has on a network. */
function placesOf(network: LabNetwork, identity: LabIdentity, names: readonly string[]) {
  const { name, prefix, ipv4 } = network;
  const autonomous = isAutonomous(network);
  const parsed = prefix === undefined ? undefined : parseIpv6Prefix(prefix);
  const ipv4Of = ipv4 === undefined ? undefined : ipv4Addresses(identity, ipv4, names);
  return (client: ConfiguredClient, mac: string) => {
    const addresses = { ipv6: undefined, ipv4: ipv4Of?.get(client.name) };
    if (parsed === undefined) return { network: name, addresses, reserved: undefined };
    const fixed = client.interfaceId === undefined ? undefined : parseInterfaceId(client.interfaceId);
    const own = addressInPrefix(parsed, fixed ?? eui64InterfaceId(mac));
    const opaque = addressInPrefix(parsed, opaqueInterfaceId(identity, client.name));
    const reserved = autonomous || fixed === undefined ? opaque : own;
    return { network: name, addresses: { ...addresses, ipv6: autonomous ? own : reserved }, reserved };
  };
}

const naturalOrder = new Intl.Collator("en", { numeric: true });

function byName(one: string, other: string): number {
  return naturalOrder.compare(one, other) || (one < other ? -1 : 1);
}

/** The gateway's and every client's MAC and addresses must be their own. With hashes a clash is rare, never impossible. */
function findCollisions(
  config: LabConfig,
  gateway: GatewayMacs,
  networks: readonly LabNetwork[],
  planned: readonly PlannedClient[],
): ConfigProblem[] {
  const ofGateway = [...gateway.networks.values(), ...networks.flatMap(gatewayAddresses)];
  const taken = new Map(ofGateway.map((value) => [value, "gateway"]));
  const stateful = networks.filter(({ dhcpv6 }) => dhcpv6.mode === "stateful").map(({ name }) => name);
  const problems: ConfigProblem[] = [];
  for (const { plan, reserved } of planned) {
    const addresses = Object.values(plan.addresses).flatMap(({ ipv6, ipv4 }) => [ipv6 ?? [], ipv4 ?? []].flat());
    const leased = stateful.flatMap((name) => reserved[name] ?? []);
    for (const value of new Set([plan.lanMac, ...addresses, ...leased])) {
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

function findOverflow({ name, ipv4, at }: LabNetwork, planned: readonly PlannedClient[]): ConfigProblem[] {
  if (ipv4 === undefined || planned.every(({ plan }) => plan.addresses[name]?.ipv4 !== undefined)) return [];
  return [
    {
      key: at("ipv4"),
      value: ipv4,
      why: `has room for ${hostsOf(ipv4).capacity} clients, and there are ${planned.length}.`,
      remedy: "Write a larger network, e.g. a /20",
    },
  ];
}
