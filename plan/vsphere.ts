/** The decisions of a lab on vSphere. */
import type { LabIdentity } from "./identity";
import type { UplinkAddressPlan, VspherePlatformPlan } from "./model";
import { type LabNetwork, labNetworks } from "./networks";
import type { PlatformDecisions } from "./platform";
import type { LabConfig } from "./schema";
import { sortedUnique } from "./sorted";

type VsphereConfig = Extract<LabConfig["platform"], { kind: "vsphere" }>;

function vspherePlatformPlan(
  config: VsphereConfig,
  networks: readonly LabNetwork[],
  { project, stack }: LabIdentity,
): VspherePlatformPlan {
  const { datacenter, datastore = "", datastoreCluster, folder, template, tagCategory, addressTimeout } = config;
  const { cluster } = config.placement;
  const lab = `${project}-${stack}`;
  const made = `Made by Pulumi: project ${project}, stack ${stack}.`;
  return {
    kind: "vsphere",
    ...{ datacenter, template, tagCategory, addressTimeout },
    placement: placement(config),
    storage:
      datastoreCluster === undefined
        ? { kind: "datastore", name: datastore }
        : { kind: "datastoreCluster", name: datastoreCluster },
    folder: folder === undefined ? lab : `${folder}/${lab}`,
    uplink: { kind: "portGroup", network: config.uplinkNetwork },
    segments: networks.map((network) => ({ network: network.name, ...segment(config, network) })),
    antiAffinity: config.spreadClients && cluster !== undefined ? { cluster } : undefined,
    annotation: config.note === undefined ? made : `${made}\n${config.note}`,
  };
}

/** Exactly one is set, as `checks/vsphere.ts` saw to it. */
function placement({ placement: { host, cluster, resourcePool } }: VsphereConfig): VspherePlatformPlan["placement"] {
  if (host !== undefined) return { kind: "host", name: host };
  if (cluster !== undefined) return { kind: "cluster", name: cluster };
  return { kind: "resourcePool", name: resourcePool ?? "" };
}

type Segment = VspherePlatformPlan["segments"][number] extends infer Each
  ? Each extends unknown
    ? Omit<Each, "network">
    : never
  : never;

/** A network that has a name has a port group or a VLAN of its own. */
function segment({ lanSegment, placement: { host = "" } }: VsphereConfig, { at, segment: own }: LabNetwork): Segment {
  const { hostPortGroup, distributedPortGroup, portGroup = "" } = lanSegment;
  const vlan = own.vlan;
  if (hostPortGroup !== undefined) {
    return { kind: "hostPortGroup", host, switch: hostPortGroup.switch, vlan: vlan ?? hostPortGroup.vlan };
  }
  if (distributedPortGroup !== undefined) {
    return {
      kind: "distributedPortGroup",
      switch: distributedPortGroup.switch,
      vlan: vlan ?? distributedPortGroup.vlan,
    };
  }
  return own.portGroup === undefined
    ? { kind: "portGroup", name: portGroup, key: "platform.lanSegment.portGroup" }
    : { kind: "portGroup", name: own.portGroup, key: at("portGroup") };
}

export function vsphereDecisions(config: LabConfig, platform: VsphereConfig): PlatformDecisions {
  return {
    plan: (identity) => vspherePlatformPlan(platform, labNetworks(config), identity),
    macRange: "vmware",
    guest: { kind: "generic", extraPackages: sortedUnique(config.image.extraPackages) },
    uplinkIpv4: uplinkAddress(platform),
    management: false,
    hostNetworks: { ipv4: [], ipv6: [] },
  };
}

/** A reported address comes by DHCP, and VMware Tools tell it. */
function uplinkAddress({ gatewayAddress }: VsphereConfig): UplinkAddressPlan {
  if (gatewayAddress === "reported") return { kind: "dhcp" };
  const [address = "", length = ""] = gatewayAddress.address.split("/");
  const { gateway, dns: nameservers } = gatewayAddress;
  return { kind: "fixed", address, length: Number(length), gateway, nameservers };
}
