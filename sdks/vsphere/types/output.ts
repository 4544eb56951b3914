/** Properties of what is found that have properties of their own. */
export interface GetVirtualMachineDisk {
  readonly label: string;
  /** GiB. */
  readonly size: number;
  readonly thinProvisioned: boolean;
  readonly eagerlyScrub: boolean;
  readonly unitNumber: number;
}
