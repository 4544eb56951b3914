import { isUniqueLocal } from "../address-space";
import { labNetworks, type LabNetwork } from "../networks";
import { overlap, parseIpv4Prefix, parseIpv6Prefix, type Prefix } from "../prefix";
import { traits } from "../scenario";
import type { LabConfig } from "../schema";
import { slirpNetwork } from "../slirp";
import { platformDecisions } from "../platforms";
import { check, error, warning, type Check, type Finding } from "./finding";
import { repeated } from "./repeated";

/** A question about each network that `where` holds of. */
export function perNetwork(
  reads: Check["reads"],
  where: (network: LabNetwork) => boolean,
  find: (network: LabNetwork, config: LabConfig) => Iterable<Finding>,
): Check {
  return check([...reads, "networks"], function* (config) {
    for (const network of labNetworks(config)) if (where(network)) yield* find(network, config);
  });
}

export const anywhere = (): boolean => true;
export const withIpv6 = ({ prefix }: LabNetwork): boolean => prefix !== undefined;
const withIpv4 = ({ ipv4 }: LabNetwork): boolean => ipv4 !== undefined;

export const networkChecks: readonly Check[] = [
  check(["networks"], function* ({ networks = [] }) {
    for (const { index, first } of repeated(networks, ({ name }) => name))
      yield error(`networks[${index}].name`, `is the name of networks[${first}] too.`, "Give each its own");
  }),

  /** What a scenario does not have cannot be configured. */
  check(["networks"], function* ({ networks = [] }) {
    for (const [index, { scenario, prefix, ipv4, dns64 }] of networks.entries()) {
      const has = traits[scenario];
      const key = (name: string): string => `networks[${index}].${name}`;
      if (prefix !== undefined && !has.ipv6)
        yield error(key("prefix"), `is an IPv6 prefix, and ${scenario} has no IPv6.`, "Remove it");
      if (ipv4 !== undefined && !has.ipv4)
        yield error(key("ipv4"), `is an IPv4 network, and ${scenario} has no IPv4.`, "Remove it");
      if (dns64 === true && !has.nat64)
        yield error(
          key("dns64"),
          `makes addresses that nothing translates: ${scenario} has no NAT64.`,
          "Remove it, or write scenario: ipv6-only-nat64",
        );
    }
  }),

  check(["networks", "lan"], function* (config) {
    yield* overlaps(config, "prefix", withIpv6, ({ prefix = "" }) => parseIpv6Prefix(prefix));
    yield* overlaps(config, "ipv4", withIpv4, ({ ipv4 = "" }) => parseIpv4Prefix(ipv4));
  }),

  perNetwork(["platform", "uplink"], withIpv4, function* ({ ipv4 = "", at }, config) {
    const reserved = platformDecisions(config).hostNetworks.ipv4.find(({ prefix }) =>
      overlap(prefix, parseIpv4Prefix(ipv4)),
    );
    if (reserved !== undefined)
      yield error(at("ipv4"), reserved.why, `Write another one than ${slirpNetwork}, e.g. 192.168.64.0/24`);
  }),

  /** RFC 6724 section 2.1: the label of a unique local address is no global one's, so that IPv4 comes first. */
  perNetwork(["lan"], withIpv6, function* ({ prefix = "", ipv4, at }) {
    if (ipv4 !== undefined && isUniqueLocal(parseIpv6Prefix(prefix)))
      yield warning(
        at("prefix"),
        "is unique local, and there is IPv4 beside it: hosts prefer IPv4 for global names then (RFC 6724 section 2.1), and the wrong thing is measured.",
        "Take a prefix that looks global, e.g. of 2001:2::/48",
      );
  }),

  /** Two networks on one segment hear each other's advertisements. */
  check(["networks", "platform"], function* ({ networks = [], platform }) {
    if (platform.kind !== "vsphere") return;
    for (const key of ["portGroup", "vlan"] as const)
      for (const { index, firstEntry } of repeated(networks, (network) => network[key]))
        yield error(
          `networks[${index}].${key}`,
          `is that of ${firstEntry.name} too.`,
          "Give each network a segment of its own",
        );
    for (const [index, { portGroup }] of networks.entries())
      if (portGroup !== undefined && portGroup === platform.uplinkNetwork)
        yield error(
          `networks[${index}].portGroup`,
          "is the uplink too: the network must be isolated from it.",
          "Name a port group of its own",
        );
  }),

  perNetwork(["platform"], anywhere, function* ({ segment: { portGroup, vlan }, at, name }, { platform, networks }) {
    const own = { portGroup, vlan };
    if (platform.kind !== "vsphere") {
      for (const key of ["portGroup", "vlan"] as const)
        if (own[key] !== undefined)
          yield error(at(key), `is vSphere's, and the lab runs on ${platform.kind}.`, "Remove it");
      return;
    }
    const wanted = platform.lanSegment.portGroup === undefined ? "vlan" : "portGroup";
    const other = wanted === "vlan" ? "portGroup" : "vlan";
    if (own[other] !== undefined)
      yield error(
        at(other),
        `does not go with platform.lanSegment.${wanted === "vlan" ? "*PortGroup" : "portGroup"}.`,
        "Remove it",
      );
    if ((networks?.length ?? 1) > 1 && own[wanted] === undefined)
      yield error(
        at(wanted),
        `is missing: ${name} needs a segment of its own, apart from the other networks'.`,
        wanted === "vlan" ? "Write a VLAN that nothing else uses" : "Name a port group that nothing else uses",
        "",
      );
  }),
];

function* overlaps(
  config: LabConfig,
  key: string,
  where: (network: LabNetwork) => boolean,
  prefixOf: (network: LabNetwork) => Prefix,
): Iterable<Finding> {
  const seen: LabNetwork[] = [];
  for (const network of labNetworks(config).filter(where)) {
    const other = seen.find((each) => overlap(prefixOf(each), prefixOf(network)));
    if (other === undefined) seen.push(network);
    else
      yield error(
        network.at(key),
        `overlaps that of ${other.name}: one of the two would be out of reach.`,
        `Write another ${key} for ${network.name}`,
        key === "ipv4" ? network.ipv4 : network.prefix,
      );
  }
}
