import { unusable } from "../address-space";
import { containsAddress, formatIpv4, formatPrefix, lastAddress, parseIpv4, parseIpv4Prefix } from "../prefix";
import type { LabConfig } from "../schema";
import type { VsphereConfig } from "../vsphere";
import { error, warning, when, type Check, type Finding } from "./finding";
import { buildOnly, cloudOnly } from "./qemu";

/** One of several keys, each of which would decide the same thing. */
function exactlyOne(section: string, choices: Readonly<Record<string, unknown>>): readonly Finding[] {
  const at = (name: string): string => (section === "" ? `platform.${name}` : `platform.${section}.${name}`);
  const names = Object.keys(choices);
  const given = names.filter((name) => choices[name] !== undefined);
  const [first, second] = given;
  if (first === undefined) {
    const key = section === "" ? at(names[0] ?? "") : `platform.${section}`;
    return [error(key, undefined, `is missing: it takes one of ${names.join(", ")}.`, `Write ${at(names[0] ?? "")}`)];
  }
  return when(second !== undefined, () =>
    error(at(second ?? ""), choices[second ?? ""], `and ${at(first)} exclude each other.`, "Keep one of the two"),
  );
}

function choiceFindings({ placement, datastore, datastoreCluster, lanSegment }: VsphereConfig): readonly Finding[] {
  const { host, cluster, resourcePool } = placement;
  const { portGroup, hostPortGroup, distributedPortGroup } = lanSegment;
  return [
    ...exactlyOne("placement", { host, cluster, resourcePool }),
    ...exactlyOne("", { datastore, datastoreCluster }),
    ...exactlyOne("lanSegment", { portGroup, hostPortGroup, distributedPortGroup }),
  ];
}

function segmentFindings({ placement, lanSegment, uplinkNetwork }: VsphereConfig): readonly Finding[] {
  const { portGroup, hostPortGroup } = lanSegment;
  return [
    ...when(hostPortGroup !== undefined && placement.host === undefined, () =>
      error(
        "platform.lanSegment.hostPortGroup",
        hostPortGroup,
        "is a port group of one host, and this placement may put or move machines to another, away from their LAN.",
        "Write placement.host, or take a distributedPortGroup",
      ),
    ),
    ...when(hostPortGroup?.vlan === 0, () =>
      warning(
        "platform.lanSegment.hostPortGroup.vlan",
        0,
        "leaves the LAN segment open to whatever else is on the switch without a VLAN, its physical cards included.",
        "Write a VLAN of its own, unless the switch has neither cards nor other port groups",
      ),
    ),
    ...when(portGroup === uplinkNetwork, () =>
      error(
        "platform.lanSegment.portGroup",
        portGroup,
        "is the uplink too: the LAN segment must be isolated from it.",
        "Name a port group of its own",
      ),
    ),
  ];
}

function spreadFindings({ placement, spreadClients }: VsphereConfig): readonly Finding[] {
  return when(spreadClients && placement.cluster === undefined, () =>
    error(
      "platform.spreadClients",
      true,
      "is a rule of a cluster's DRS, and the placement names no cluster.",
      "Write placement.cluster, or remove it",
    ),
  );
}

function addressFindings({ gatewayAddress }: VsphereConfig): readonly Finding[] {
  if (gatewayAddress === "reported") return [];
  const { address, gateway, dns } = gatewayAddress;
  const [host = "", length = ""] = address.split("/");
  const bits = 32n - BigInt(length);
  const network = parseIpv4Prefix(`${formatIpv4((parseIpv4(host) >> bits) << bits)}/${length}`);
  const [key, ends] = ["platform.gatewayAddress", [network.address, lastAddress(network)]] as const;
  const named = [
    ["address", host],
    ["gateway", gateway],
    ...dns.map((each, index) => [`dns[${index}]`, each] as const),
  ];
  return [
    ...named.flatMap(([name = "", each = ""]) => {
      const end = ends.includes(parseIpv4(each));
      const why = end
        ? `is the first or last address of ${formatPrefix(network)}, which no host has.`
        : unusable(parseIpv4Prefix(each));
      return why === undefined ? [] : [error(`${key}.${name}`, each, why, "Write the address of a machine")];
    }),
    ...when(!containsAddress(network, parseIpv4(gateway)), () =>
      error(
        "platform.gatewayAddress.gateway",
        gateway,
        `is not in the network of ${address}: the gateway could not reach it.`,
        "Write the router's address in that network",
      ),
    ),
    ...when(host === gateway, () =>
      error(
        "platform.gatewayAddress.address",
        address,
        "is the router's address too.",
        "Write an address that is free on the uplink",
      ),
    ),
  ];
}

function templateFindings(_: VsphereConfig, { image }: LabConfig): readonly Finding[] {
  const why = "describes a disk image, and on vSphere platform.template takes its place.";
  return [
    ...when(image.kind !== "build", () => error("image.kind", image.kind, why, "Remove it")),
    ...[...buildOnly, ...cloudOnly].flatMap((name) =>
      when(image[name] !== undefined, () => error(`image.${name}`, image[name], why, "Remove it")),
    ),
  ];
}

/** A port group of vCenter's is the way out there. */
function uplinkFindings(_: VsphereConfig, { uplink }: LabConfig): readonly Finding[] {
  const remedy = "Remove it; platform.uplinkNetwork names the gateway's way out";
  return [
    ...when(uplink.kind === "bridged", () =>
      error("uplink.kind", uplink.kind, "speaks of this machine, and the lab runs in a vCenter.", remedy),
    ),
    ...when(uplink.bridge !== undefined, () =>
      error("uplink.bridge", uplink.bridge, "is a bridge of this machine, and the lab runs in a vCenter.", remedy),
    ),
  ];
}

function onVsphere(
  ...finds: readonly ((platform: VsphereConfig, config: LabConfig) => readonly Finding[])[]
): Check["find"] {
  return (config) => {
    const { platform } = config;
    return platform.kind === "vsphere" ? finds.flatMap((find) => find(platform, config)) : [];
  };
}

export const vsphereChecks: readonly Check[] = [
  { reads: ["platform"], find: onVsphere(choiceFindings, segmentFindings, spreadFindings, addressFindings) },
  { reads: ["platform", "image"], find: onVsphere(templateFindings) },
  { reads: ["platform", "uplink"], find: onVsphere(uplinkFindings) },
];
