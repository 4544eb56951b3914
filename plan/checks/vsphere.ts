import { unusable } from "../address-space";
import { containsAddress, formatIpv4, formatPrefix, lastAddress, parseIpv4, parseIpv4Prefix } from "../prefix";
import { check, error, warning, type Check, type Finding } from "./finding";
import { keysOfKind } from "./qemu";

/** One of several keys of a section, each of which would decide the same thing. */
function* exactlyOne(
  section: string,
  choices: Readonly<Record<string, unknown>>,
  key: string = section,
): Iterable<Finding> {
  const names = Object.keys(choices);
  const [first, second] = names.filter((name) => choices[name] !== undefined);
  if (first === undefined)
    yield error(key, `is missing: it takes one of ${names.join(", ")}.`, `Write ${section}.${names[0] ?? ""}`, "");
  else if (second !== undefined)
    yield error(`${section}.${second}`, `and ${section}.${first} exclude each other.`, "Keep one of the two");
}

export const vsphereChecks: readonly Check[] = [
  check(["platform"], function* ({ platform }) {
    if (platform.kind !== "vsphere") return;
    const { placement, datastore, datastoreCluster, lanSegment } = platform;
    yield* exactlyOne("platform.placement", {
      host: placement.host,
      cluster: placement.cluster,
      resourcePool: placement.resourcePool,
    });
    yield* exactlyOne("platform", { datastore, datastoreCluster }, "platform.datastore");
    const { portGroup, hostPortGroup, distributedPortGroup } = lanSegment;
    yield* exactlyOne("platform.lanSegment", { portGroup, hostPortGroup, distributedPortGroup });
    if (hostPortGroup !== undefined && placement.host === undefined)
      yield error(
        "platform.lanSegment.hostPortGroup",
        "is a port group of one host, and this placement may put or move machines to another, away from their LAN.",
        "Write placement.host, or take a distributedPortGroup",
      );
    if (hostPortGroup?.vlan === 0)
      yield warning(
        "platform.lanSegment.hostPortGroup.vlan",
        "leaves the LAN segment open to whatever else is on the switch without a VLAN, its physical cards included.",
        "Write a VLAN of its own, unless the switch has neither cards nor other port groups",
      );
    if (portGroup === platform.uplinkNetwork)
      yield error(
        "platform.lanSegment.portGroup",
        "is the uplink too: the LAN segment must be isolated from it.",
        "Name a port group of its own",
      );
    if (platform.spreadClients && placement.cluster === undefined)
      yield error(
        "platform.spreadClients",
        "is a rule of a cluster's DRS, and the placement names no cluster.",
        "Write placement.cluster, or remove it",
      );
  }),

  check(["platform"], function* ({ platform }) {
    if (platform.kind !== "vsphere" || platform.gatewayAddress === "reported") return;
    const { address, gateway, dns } = platform.gatewayAddress;
    const [host = "", length = ""] = address.split("/");
    const bits = 32n - BigInt(length);
    const network = parseIpv4Prefix(`${formatIpv4((parseIpv4(host) >> bits) << bits)}/${length}`);
    const named = { address: host, gateway, ...Object.fromEntries(dns.map((each, index) => [`dns[${index}]`, each])) };
    for (const [name, each] of Object.entries(named)) {
      const why = [network.address, lastAddress(network)].includes(parseIpv4(each))
        ? `is the first or last address of ${formatPrefix(network)}, which no host has.`
        : unusable(parseIpv4Prefix(each));
      if (why !== undefined)
        yield error(`platform.gatewayAddress.${name}`, why, "Write the address of a machine", each);
    }
    if (!containsAddress(network, parseIpv4(gateway)))
      yield error(
        "platform.gatewayAddress.gateway",
        `is not in the network of ${address}: the gateway could not reach it.`,
        "Write the router's address in that network",
      );
    if (host === gateway)
      yield error(
        "platform.gatewayAddress.address",
        "is the router's address too.",
        "Write an address that is free on the uplink",
      );
  }),

  check(["platform", "image"], function* ({ platform, image }) {
    if (platform.kind !== "vsphere") return;
    const why = "describes a disk image, and on vSphere platform.template takes its place.";
    if (image.kind !== "build") yield error("image.kind", why, "Remove it");
    for (const name of [...keysOfKind.build, ...keysOfKind.cloud])
      if (image[name] !== undefined) yield error(`image.${name}`, why, "Remove it");
  }),

  /** A port group of vCenter's is the way out there. */
  check(["platform", "uplink"], function* ({ platform, uplink }) {
    if (platform.kind !== "vsphere") return;
    const remedy = "Remove it; platform.uplinkNetwork names the gateway's way out";
    if (uplink.kind === "bridged")
      yield error("uplink.kind", "speaks of this machine, and the lab runs in a vCenter.", remedy);
    if (uplink.bridge !== undefined)
      yield error("uplink.bridge", "is a bridge of this machine, and the lab runs in a vCenter.", remedy);
  }),
];
