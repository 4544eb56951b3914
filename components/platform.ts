import type * as pulumi from "@pulumi/pulumi";
import type { CloudInitDocuments } from "../cloud-init/documents";
import type { ClientPlan, GatewayPlan, LabPlan, LanPlan } from "../plan/model";
import { loadVcenterLogin } from "./config";
import { QemuPlatform } from "./qemu";
import { VspherePlatform } from "./vsphere";
import { lookUpSite } from "./vsphere-site";

/**
 * The seam between what a lab is and what it is made of. Everything above it is the same on every platform; this file
 * is the only one that knows that there is more than one.
 */
export interface Platform {
  /** The isolated LAN: no host NIC, no DHCP of a hypervisor. */
  segment(name: string, lan: LanPlan, opts: pulumi.ComponentResourceOptions): NetworkReference;
  virtualMachine(name: string, args: MachineArgs, opts: pulumi.ComponentResourceOptions): Machine;
  /** What concerns all machines together, once they are there. */
  complete?(name: string, machines: LabMachines, opts: pulumi.ComponentResourceOptions): void;
}

export interface LabMachines {
  readonly gateway: Machine;
  readonly clients: readonly Machine[];
}

/** A network of the platform: opaque here, made and understood by the same platform. */
export type NetworkReference = pulumi.Output<Readonly<Record<string, string | number>>>;

export interface MachineArgs {
  readonly plan: GatewayPlan | ClientPlan;
  /** Secret: holds the machine's private host key. */
  readonly documents: pulumi.Output<CloudInitDocuments>;
  readonly segment: NetworkReference;
}

/** A machine, and how to reach it. */
export interface Machine {
  readonly resource: pulumi.Resource;
  /** Changes when the machine is replaced. */
  readonly id: pulumi.Output<string>;
  /** Changes each time the machine is powered on. */
  readonly powerOn: pulumi.Output<string>;
  /** Where a person finds what the machine's console said. */
  readonly console: pulumi.Output<string>;
  /** Where sshd is reached from this machine; undefined when only the gateway leads there. */
  readonly ssh: { readonly host: pulumi.Output<string>; readonly port: pulumi.Output<number> } | undefined;
}

/** Makes the platform of a lab. `name` prefixes what all of its machines share. */
export type PlatformFactory = (name: string, opts: pulumi.ComponentResourceOptions) => Platform;

/**
 * The platform that the plan chose, with what has to be asked for it already answered: a name that is not there is told
 * before the first resource is made, and every id is known in a preview.
 * @throws pulumi.RunError when what the configuration names is not there.
 */
export async function choosePlatform(plan: LabPlan): Promise<PlatformFactory> {
  const { platform } = plan;
  switch (platform.kind) {
    case "qemu":
      return (name, opts) => new QemuPlatform(name, plan, platform, opts);
    case "vsphere": {
      const login = loadVcenterLogin();
      const site = await lookUpSite(plan, platform, login);
      return (name, opts) => new VspherePlatform(name, plan, platform, { login, site }, opts);
    }
  }
}
