/** The networks of a lab: their prefixes and cards, and what each tells its hosts. */
import { createHash } from "node:crypto";
import { routerAdvertisementPlan } from "./announcements";
import type { PlannedClient } from "./clients";
import { dhcpv6Plan } from "./dhcpv6";
import { addressInPrefix, parseInterfaceId } from "./interface-id";
import { cardOf, lan as onlyCard } from "./interfaces";
import { hostsOf, ipv4Plan } from "./ipv4";
import type { Ipv6NetworkPlan, NetworkPlan } from "./model";
import { formatIpv6, parseIpv6, parseIpv6Prefix } from "./prefix";
import { type Scenario, traits } from "./scenario";
import type { LabConfig } from "./schema";
import type { ConfiguredNetwork } from "./schema/networks";

/** A network as it was configured, with all that was left out. */
export interface LabNetwork extends Pick<ConfiguredNetwork, "name" | "routerAdvertisements" | "dhcpv6"> {
  readonly scenario: Scenario;
  readonly card: string;
  /** Undefined without that family. */
  readonly prefix: string | undefined;
  readonly ipv4: string | undefined;
  readonly gatewayInterfaceId: string;
  readonly mtu: number;
  readonly dns64: boolean;
  readonly searchDomains: readonly string[];
  /** vSphere: what its segment is made of, where it is not as `platform.lanSegment` says. */
  readonly segment: Pick<ConfiguredNetwork, "portGroup" | "vlan">;
  /** Where something about it is configured: `routerAdvertisements.prefix` is at `networks[1].routerAdvertisements.prefix`. */
  readonly at: (key: string) => string;
}

/** The only network of a lab whose configuration names none. */
const onlyName = "lan";

/** Nearly every check asks, and a configuration that was read does not change. */
const networksOf = new WeakMap<LabConfig, readonly LabNetwork[]>();

/** In the order of the configuration. */
export function labNetworks(config: LabConfig): readonly LabNetwork[] {
  const known = networksOf.get(config);
  if (known !== undefined) return known;
  const networks = config.networks?.map((network, index) => configured(config, network, index)) ?? [
    onlyNetwork(config),
  ];
  networksOf.set(config, networks);
  return networks;
}

function onlyNetwork({ lan, dns, routerAdvertisements, dhcpv6 }: LabConfig): LabNetwork {
  return {
    name: onlyName,
    scenario: "ipv6-only-nat64",
    card: onlyCard,
    ...lan,
    ipv4: undefined,
    dns64: true,
    searchDomains: dns.searchDomains,
    ...{ routerAdvertisements, dhcpv6 },
    segment: {},
    at: (key) => (["prefix", "gatewayInterfaceId", "mtu"].includes(key) ? `lan.${key}` : key),
  };
}

function configured({ lan, dns }: LabConfig, network: ConfiguredNetwork, index: number): LabNetwork {
  const { name, scenario, prefix = derivedPrefix(name), ipv4 = derivedIpv4(name), mtu = lan.mtu } = network;
  const has = traits[scenario];
  return {
    ...{ name, scenario, mtu },
    card: cardOf(name),
    prefix: has.ipv6 ? prefix : undefined,
    ipv4: has.ipv4 ? ipv4 : undefined,
    gatewayInterfaceId: network.gatewayInterfaceId ?? lan.gatewayInterfaceId,
    dns64: network.dns64 ?? scenario === "ipv6-only-nat64",
    searchDomains: network.searchDomains ?? dns.searchDomains,
    routerAdvertisements: network.routerAdvertisements,
    dhcpv6: network.dhcpv6,
    segment: { portGroup: network.portGroup, vlan: network.vlan },
    at: (key) => `networks[${index}].${key}`,
  };
}

/** Two octets made from a name: the same for all labs, as other defaults are. */
function digestOf(name: string): Buffer {
  return createHash("sha256").update(name).digest();
}

/** Of 2001:2::/48, the block for benchmarking (RFC 5180), that macOS Internet Sharing takes its NAT64 network from too. */
function derivedPrefix(name: string): string {
  return `${formatIpv6(parseIpv6("2001:2::") | (BigInt(digestOf(name).readUInt16BE(0)) << 64n))}/64`;
}

function derivedIpv4(name: string): string {
  return `192.168.${digestOf(name).readUInt8(2)}.0/24`;
}

/** @param gatewayMacs by the network's name. */
export function planNetworks(
  config: LabConfig,
  clients: readonly PlannedClient[],
  gatewayMacs: ReadonlyMap<string, string>,
): readonly NetworkPlan[] {
  return labNetworks(config)
    .map((network): NetworkPlan => {
      const { name, scenario, card, mtu, searchDomains, dns64, ipv4 } = network;
      return {
        ...{ name, scenario, card, mtu, searchDomains },
        gatewayMac: gatewayMacs.get(name) ?? "",
        ipv6: ipv6Plan(config, network, clients),
        ipv4: ipv4 === undefined ? undefined : ipv4Plan(network, ipv4, clients),
        resolver: dns64 ? "dns64" : "plain",
        translated: traits[scenario].nat64,
      };
    })
    .sort((one, other) => (one.name < other.name ? -1 : 1));
}

function ipv6Plan(
  config: LabConfig,
  network: LabNetwork,
  clients: readonly PlannedClient[],
): Ipv6NetworkPlan | undefined {
  const { prefix } = network;
  if (prefix === undefined) return undefined;
  const gatewayAddress = gatewayAddressOf(network, prefix);
  return {
    prefix,
    gatewayAddress,
    routerAdvertisements: routerAdvertisementPlan(config, network, gatewayAddress),
    dhcpv6: dhcpv6Plan(network, prefix, gatewayAddress, clients),
  };
}

function gatewayAddressOf({ gatewayInterfaceId }: LabNetwork, prefix: string): string {
  return addressInPrefix(parseIpv6Prefix(prefix), parseInterfaceId(gatewayInterfaceId));
}

/** The gateway's addresses on a network. */
export function gatewayAddresses(network: LabNetwork): string[] {
  const { prefix, ipv4 } = network;
  return [
    ...(prefix === undefined ? [] : [gatewayAddressOf(network, prefix)]),
    ...(ipv4 === undefined ? [] : [hostsOf(ipv4).gateway]),
  ];
}
