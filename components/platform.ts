import type * as pulumi from "@pulumi/pulumi";
import type { CloudInitDocuments } from "../cloud-init/documents";
import type { ClientPlan, GatewayPlan, NetworkPlan } from "../plan/model";

/** The seam between what a lab is and what it is made of. Everything above it is the same on every platform. */
export interface Platform {
  /** An isolated LAN: no host NIC, no DHCP of a hypervisor. */
  segment(name: string, network: NetworkPlan, opts: pulumi.ComponentResourceOptions): NetworkReference;
  virtualMachine(name: string, args: MachineArgs, opts: pulumi.ComponentResourceOptions): Machine;
  /**
   * What a tool needs, beside SSH, to see on which networks the machines are and to move them: opaque here. Once they are
   * all there. Secret.
   */
  access?(): pulumi.Output<Readonly<Record<string, unknown>>>;
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
  /** Its cards on the lab's networks, in their order. What a gateway has beside them is the platform's business. */
  readonly cards: readonly CardArgs[];
}

export interface CardArgs {
  readonly mac: string;
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
  /** Where the provider finds the guest's agent, which runs a program without a login; left out: only SSH leads in. */
  readonly agent?: { readonly stateFolder: string; readonly machineName: string };
}

/** Makes the platform of a lab. `name` prefixes what all of its machines share. */
export type PlatformFactory = (name: string, opts: pulumi.ComponentResourceOptions) => Platform;
