/** Which platforms there are: the only file of the plan that knows of more than one. */
import type { PlatformDecisions } from "./platform";
import { qemuDecisions } from "./qemu";
import type { LabConfig } from "./schema";
import { vsphereDecisions } from "./vsphere";

export function platformDecisions(config: LabConfig): PlatformDecisions {
  const { platform } = config;
  switch (platform.kind) {
    case "qemu":
      return qemuDecisions(config, platform);
    case "vsphere":
      return vsphereDecisions(config, platform);
  }
}
