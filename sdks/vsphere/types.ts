/** Nested property types, named as in the published package (`types.input.…`). */
import type * as pulumi from "@pulumi/pulumi";

export interface VirtualMachineClone {
  templateUuid: pulumi.Input<string>;
  /** Minutes. */
  timeout?: pulumi.Input<number>;
}

export interface VirtualMachineDisk {
  label: pulumi.Input<string>;
  /** GiB. */
  size?: pulumi.Input<number>;
  thinProvisioned?: pulumi.Input<boolean>;
  eagerlyScrub?: pulumi.Input<boolean>;
  unitNumber?: pulumi.Input<number>;
}

export interface VirtualMachineNetworkInterface {
  networkId: pulumi.Input<string>;
  adapterType?: pulumi.Input<string>;
  useStaticMac?: pulumi.Input<boolean>;
  macAddress?: pulumi.Input<string>;
}

export interface GetVirtualMachineDisk {
  readonly label: string;
  /** GiB. */
  readonly size: number;
  readonly thinProvisioned: boolean;
  readonly eagerlyScrub: boolean;
  readonly unitNumber: number;
}
