/** Properties of what is asked for that have properties of their own. */
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
