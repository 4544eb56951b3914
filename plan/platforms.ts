/** Which platforms there are: the only file of the plan that knows of more than one. */
import type { LabIdentity } from "./identity";
import type { PlatformPlan } from "./model";
import type { PlatformDecisions } from "./platform";
import { qemuDecisions, qemuPlatformPlan } from "./qemu";
import type { LabConfig } from "./schema";
import { vsphereDecisions, vspherePlatformPlan } from "./vsphere";

export function platformPlan(config: LabConfig, identity: LabIdentity): PlatformPlan {
  const { platform } = config;
  switch (platform.kind) {
    case "qemu":
      return qemuPlatformPlan(platform, config);
    case "vsphere":
      return vspherePlatformPlan(platform, identity);
  }
}

export function platformDecisions(config: LabConfig): PlatformDecisions {
  const { platform } = config;
  switch (platform.kind) {
    case "qemu":
      return qemuDecisions(config);
    case "vsphere":
      return vsphereDecisions(platform, config);
  }
}
