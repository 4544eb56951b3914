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

/** MiB in which dkms compiles Jool without swapping. */
export const memoryToBuildJool = 1024;

/** Whether the gateway builds Jool's kernel module, because its image does not have it. */
export function buildsJool({ guest }: Pick<PlatformDecisions, "guest">): boolean {
  return guest.kind === "generic" || guest.jool === "first-boot";
}
