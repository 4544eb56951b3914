/** The decisions of a lab on vSphere. */
import type { LabIdentity } from "./identity";
import type { UplinkAddressPlan, VspherePlatformPlan } from "./model";
import type { PlatformDecisions } from "./platform";
import type { LabConfig } from "./schema";
import { sortedUnique } from "./sorted";

type VsphereConfig = Extract<LabConfig["platform"], { kind: "vsphere" }>;

function vspherePlatformPlan(config: VsphereConfig, { project, stack }: LabIdentity): VspherePlatformPlan {
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
    segment: segment(config),
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

function segment({ lanSegment, placement: { host = "" } }: VsphereConfig): VspherePlatformPlan["segment"] {
  const { hostPortGroup, distributedPortGroup, portGroup = "" } = lanSegment;
  if (hostPortGroup !== undefined) return { kind: "hostPortGroup", host, ...hostPortGroup };
  if (distributedPortGroup !== undefined) return { kind: "distributedPortGroup", ...distributedPortGroup };
  return { kind: "portGroup", name: portGroup };
}

export function vsphereDecisions({ image }: LabConfig, platform: VsphereConfig): PlatformDecisions {
  return {
    plan: (identity) => vspherePlatformPlan(platform, identity),
    macRange: "vmware",
    guest: { kind: "generic", extraPackages: sortedUnique(image.extraPackages) },
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
