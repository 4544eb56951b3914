/** The decisions of a lab on vSphere. */
import type { LabIdentity } from "./identity";
import type { UplinkPlan, VspherePlatformPlan } from "./model";
import type { LabConfig } from "./schema";

export type VsphereConfig = Extract<LabConfig["platform"], { kind: "vsphere" }>;

export function vspherePlatformPlan(config: VsphereConfig, { project, stack }: LabIdentity): VspherePlatformPlan {
  const lab = `${project}-${stack}`;
  return {
    kind: "vsphere",
    datacenter: config.datacenter,
    placement: placement(config),
    storage:
      config.datastoreCluster === undefined
        ? { kind: "datastore", name: config.datastore ?? "" }
        : { kind: "datastoreCluster", name: config.datastoreCluster },
    folder: config.folder === undefined ? lab : `${config.folder}/${lab}`,
    template: config.template,
    segment: segment(config),
    antiAffinity:
      config.spreadClients && config.placement.cluster !== undefined
        ? { cluster: config.placement.cluster }
        : undefined,
    tagCategory: config.tagCategory,
    annotation: [
      `Made by Pulumi: project ${project}, stack ${stack}.`,
      ...(config.note === undefined ? [] : [config.note]),
    ].join("\n"),
    addressTimeout: config.addressTimeout,
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

export function vsphereAttachment({ uplinkNetwork, gatewayAddress }: VsphereConfig): UplinkPlan["attachment"] {
  if (gatewayAddress === "reported") {
    return { kind: "portGroup", network: uplinkNetwork, address: { kind: "reported" } };
  }
  const [address = "", length = ""] = gatewayAddress.address.split("/");
  return {
    kind: "portGroup",
    network: uplinkNetwork,
    address: {
      kind: "fixed",
      address,
      length: Number(length),
      gateway: gatewayAddress.gateway,
      nameservers: gatewayAddress.dns,
    },
  };
}
