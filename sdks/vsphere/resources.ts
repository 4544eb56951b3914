import * as pulumi from "@pulumi/pulumi";
import { pluginOptions } from "./plugin";
import type { input } from "./types";

/** The class of a token `vsphere:index/MODULE:TYPE`. @param outputs that are no inputs too. */
function resource<Args extends object>(module: string, outputs: readonly string[] = []) {
  const token = `vsphere:index/${module}:${module.charAt(0).toUpperCase()}${module.slice(1)}`;
  const unknown = Object.fromEntries(outputs.map((output) => [output, undefined]));
  return class extends pulumi.CustomResource {
    constructor(name: string, args: Args, opts?: pulumi.CustomResourceOptions) {
      super(token, name, { ...args, ...unknown }, pulumi.mergeOptions(pluginOptions, opts));
    }
  };
}

/** A virtual machine. */
export class VirtualMachine extends resource<VirtualMachineArgs>("virtualMachine", ["moid"]) {
  /** Managed object id, e.g. `vm-42`; `id` is the BIOS UUID. */
  declare readonly moid: pulumi.Output<string>;
}

export interface VirtualMachineArgs {
  resourcePoolId: pulumi.Input<string>;
  name?: pulumi.Input<string>;
  annotation?: pulumi.Input<string>;
  clone?: pulumi.Input<input.VirtualMachineClone>;
  datastoreClusterId?: pulumi.Input<string | undefined>;
  datastoreId?: pulumi.Input<string | undefined>;
  disks?: pulumi.Input<pulumi.Input<input.VirtualMachineDisk>[]>;
  extraConfig?: pulumi.Input<Record<string, pulumi.Input<string>>>;
  extraConfigRebootRequired?: pulumi.Input<boolean>;
  firmware?: pulumi.Input<string | undefined>;
  /** Relative to the datacenter's folder of virtual machines. */
  folder?: pulumi.Input<string>;
  guestId?: pulumi.Input<string>;
  hostSystemId?: pulumi.Input<string | undefined>;
  /** MiB. */
  memory?: pulumi.Input<number>;
  networkInterfaces?: pulumi.Input<pulumi.Input<input.VirtualMachineNetworkInterface>[]>;
  numCpus?: pulumi.Input<number>;
  scsiType?: pulumi.Input<string>;
  /** Minutes that a guest may take to shut down before its power is cut. */
  shutdownWaitTimeout?: pulumi.Input<number>;
  tags?: pulumi.Input<pulumi.Input<string>[] | undefined>;
  waitForGuestNetRoutable?: pulumi.Input<boolean>;
  /** Minutes; 0 does not wait. */
  waitForGuestNetTimeout?: pulumi.Input<number>;
}

/** An inventory folder. */
export class Folder extends resource<FolderArgs>("folder") {
  declare readonly path: pulumi.Output<string>;
}

export interface FolderArgs {
  path: pulumi.Input<string>;
  /** `vm` for virtual machines. */
  type: pulumi.Input<string>;
  datacenterId?: pulumi.Input<string>;
  tags?: pulumi.Input<pulumi.Input<string>[] | undefined>;
}

/** A port group of one host's standard switch. Its id is not a network's id: `getNetwork` finds that by the name. */
export class HostPortGroup extends resource<HostPortGroupArgs>("hostPortGroup") {}

export interface HostPortGroupArgs {
  hostSystemId: pulumi.Input<string>;
  virtualSwitchName: pulumi.Input<string>;
  name?: pulumi.Input<string>;
  vlanId?: pulumi.Input<number>;
}

/** A port group of a distributed switch; its id is a network's id. */
export class DistributedPortGroup extends resource<DistributedPortGroupArgs>("distributedPortGroup") {}

export interface DistributedPortGroupArgs {
  distributedVirtualSwitchUuid: pulumi.Input<string>;
  name?: pulumi.Input<string>;
  description?: pulumi.Input<string>;
  vlanId?: pulumi.Input<number>;
  tags?: pulumi.Input<pulumi.Input<string>[] | undefined>;
}

/** A rule of DRS that keeps virtual machines on different hosts. */
export class ComputeClusterVmAntiAffinityRule extends resource<ComputeClusterVmAntiAffinityRuleArgs>(
  "computeClusterVmAntiAffinityRule",
) {}

export interface ComputeClusterVmAntiAffinityRuleArgs {
  computeClusterId: pulumi.Input<string>;
  virtualMachineIds: pulumi.Input<pulumi.Input<string>[]>;
  name?: pulumi.Input<string>;
  /** Refuse to power a machine on rather than break the rule. */
  mandatory?: pulumi.Input<boolean>;
}

/** A tag in a category. */
export class Tag extends resource<TagArgs>("tag") {}

export interface TagArgs {
  categoryId: pulumi.Input<string>;
  name?: pulumi.Input<string>;
  description?: pulumi.Input<string>;
}
