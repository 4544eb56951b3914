import * as pulumi from "@pulumi/pulumi";
import { pluginOptions } from "./plugin";
import type { output } from "./types";

function invoke<T>(token: string, args: object, opts: pulumi.InvokeOptions | undefined): Promise<T> {
  return pulumi.runtime.invoke(token, { ...args }, pulumi.mergeOptions(pluginOptions, opts));
}

/** What every look-up gives: the managed object id, or for a virtual machine and a distributed switch its UUID. */
interface Found {
  readonly id: string;
}

export interface GetDatacenterArgs {
  name?: string;
}

export function getDatacenter(args: GetDatacenterArgs, opts?: pulumi.InvokeOptions): Promise<Found> {
  return invoke("vsphere:index/getDatacenter:getDatacenter", args, opts);
}

/** A look-up by name within a datacenter. */
interface NameInDatacenter {
  name: string;
  datacenterId?: string;
}

export type GetDatastoreArgs = NameInDatacenter;

export function getDatastore(args: GetDatastoreArgs, opts?: pulumi.InvokeOptions): Promise<Found> {
  return invoke("vsphere:index/getDatastore:getDatastore", args, opts);
}

export type GetDatastoreClusterArgs = NameInDatacenter;

export function getDatastoreCluster(args: GetDatastoreClusterArgs, opts?: pulumi.InvokeOptions): Promise<Found> {
  return invoke("vsphere:index/getDatastoreCluster:getDatastoreCluster", args, opts);
}

export interface GetHostArgs {
  datacenterId: string;
  name?: string;
}

/** A host or cluster, with its root resource pool. */
interface ComputeResource extends Found {
  readonly resourcePoolId: string;
}

export function getHost(args: GetHostArgs, opts?: pulumi.InvokeOptions): Promise<ComputeResource> {
  return invoke("vsphere:index/getHost:getHost", args, opts);
}

export type GetComputeClusterArgs = NameInDatacenter;

export function getComputeCluster(args: GetComputeClusterArgs, opts?: pulumi.InvokeOptions): Promise<ComputeResource> {
  return invoke("vsphere:index/getComputeCluster:getComputeCluster", args, opts);
}

export type GetResourcePoolArgs = NameInDatacenter;

export function getResourcePool(args: GetResourcePoolArgs, opts?: pulumi.InvokeOptions): Promise<Found> {
  return invoke("vsphere:index/getResourcePool:getResourcePool", args, opts);
}

export interface GetNetworkArgs extends NameInDatacenter {
  /** Seconds to go on looking for a network that was made just now. */
  retryTimeout?: number;
}

export type GetNetworkResult = Found;

export function getNetwork(args: GetNetworkArgs, opts?: pulumi.InvokeOptions): Promise<GetNetworkResult> {
  return invoke("vsphere:index/getNetwork:getNetwork", args, opts);
}

export type GetDistributedVirtualSwitchArgs = NameInDatacenter;

export function getDistributedVirtualSwitch(
  args: GetDistributedVirtualSwitchArgs,
  opts?: pulumi.InvokeOptions,
): Promise<Found> {
  return invoke("vsphere:index/getDistributedVirtualSwitch:getDistributedVirtualSwitch", args, opts);
}

export interface GetVirtualMachineArgs {
  name?: string;
  datacenterId?: string;
}

export interface GetVirtualMachineResult extends Found {
  readonly guestId: string;
  readonly firmware?: string;
  readonly scsiType: string;
  readonly disks: readonly output.GetVirtualMachineDisk[];
  /** How the machine hands out its vApp properties: `iso` wants a CD-ROM drive in each clone. */
  readonly vappTransports: readonly string[];
}

export function getVirtualMachine(
  args: GetVirtualMachineArgs,
  opts?: pulumi.InvokeOptions,
): Promise<GetVirtualMachineResult> {
  return invoke("vsphere:index/getVirtualMachine:getVirtualMachine", args, opts);
}

export interface GetTagCategoryArgs {
  name?: string;
}

export function getTagCategory(args: GetTagCategoryArgs, opts?: pulumi.InvokeOptions): Promise<Partial<Found>> {
  return invoke("vsphere:index/getTagCategory:getTagCategory", args, opts);
}
