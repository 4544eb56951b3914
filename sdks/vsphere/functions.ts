import * as pulumi from "@pulumi/pulumi";
import { pluginOptions } from "./plugin";
import type { output } from "./types";

type LookUp<Args, Result> = (args: Args, opts?: pulumi.InvokeOptions) => Promise<Result>;

/** The function of a token `vsphere:index/NAME:NAME`. */
function lookUp<Args extends object, Result = Found>(name: string): LookUp<Args, Result> {
  return (args, opts) =>
    pulumi.runtime.invoke(`vsphere:index/${name}:${name}`, { ...args }, pulumi.mergeOptions(pluginOptions, opts));
}

/** What every look-up gives: the managed object id, or for a virtual machine and a distributed switch its UUID. */
interface Found {
  readonly id: string;
}

/** A host or cluster, with its root resource pool. */
interface ComputeResource extends Found {
  readonly resourcePoolId: string;
}

/** A look-up by name within a datacenter. */
interface NameInDatacenter {
  name: string;
  datacenterId?: string;
}

export type GetDatastoreArgs = NameInDatacenter;

export interface GetHostArgs {
  datacenterId: string;
  name?: string;
}

export interface GetNetworkArgs extends NameInDatacenter {
  /** Seconds to go on looking for a network that was made just now. */
  retryTimeout?: number;
}

export interface GetVirtualMachineResult extends Found {
  readonly guestId: string;
  readonly firmware?: string;
  readonly scsiType: string;
  readonly disks: readonly output.GetVirtualMachineDisk[];
  /** How the machine hands out its vApp properties: `iso` wants a CD-ROM drive in each clone. */
  readonly vappTransports: readonly string[];
}

export const getDatacenter = lookUp<{ name?: string }>("getDatacenter");
export const getDatastore = lookUp<GetDatastoreArgs>("getDatastore");
export const getDatastoreCluster = lookUp<NameInDatacenter>("getDatastoreCluster");
export const getHost = lookUp<GetHostArgs, ComputeResource>("getHost");
export const getComputeCluster = lookUp<NameInDatacenter, ComputeResource>("getComputeCluster");
export const getResourcePool = lookUp<NameInDatacenter>("getResourcePool");
export const getNetwork = lookUp<GetNetworkArgs>("getNetwork");
export const getDistributedVirtualSwitch = lookUp<NameInDatacenter>("getDistributedVirtualSwitch");
export const getVirtualMachine = lookUp<Partial<NameInDatacenter>, GetVirtualMachineResult>("getVirtualMachine");
export const getTagCategory = lookUp<{ name?: string }, Partial<Found>>("getTagCategory");
