/** Which platforms there are: the only file that knows of more than one. */
import type { LabPlan } from "../plan/model";
import { loadVcenterLogin } from "./config";
import type { PlatformFactory } from "./platform";
import { QemuPlatform } from "./qemu";
import { VspherePlatform } from "./vsphere";
import { lookUpSite } from "./vsphere-site";

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
      const site = await lookUpSite(platform, login);
      return (name, opts) => new VspherePlatform(name, plan, platform, { login, site }, opts);
    }
  }
}
