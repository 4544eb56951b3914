import type { Block } from "./address-space";
import type { LabIdentity, MacRange } from "./identity";
import type { GuestPlan, PlatformPlan, UplinkAddressPlan } from "./model";

/** What a platform decides for the rest of the plan, which asks for these and never for the platform. */
export interface PlatformDecisions {
  readonly plan: (identity: LabIdentity) => PlatformPlan;
  readonly macRange: MacRange;
  readonly guest: GuestPlan;
  readonly uplinkIpv4: UplinkAddressPlan;
  /** SSH to the gateway needs a card of its own: the uplink is somebody else's network. */
  readonly management: boolean;
  /** What leads from the gateway to the machine that runs the lab, which clients must not reach. */
  readonly hostNetworks: { readonly ipv4: readonly Block[]; readonly ipv6: readonly string[] };
}
