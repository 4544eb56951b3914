/** A lab in a simulated vCenter of its own, for the stories. */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { Stack } from "../harness";
import { story } from "../story";
import { withoutGo } from "./go";
import { inSession } from "./inventory";
import { pluginEnvironment } from "./plugin";
import { startVcenter, type Vcenter } from "./server";

// A machine in a vCenter answers SSH on port 22 of an address of its own: here one of the loopback network.
const rootOnLinux = process.platform === "linux" && process.getuid?.() === 0;

/** For a story's name: why it is skipped; empty where it can be told. */
export const skippedHere = rootOnLinux
  ? withoutGo
  : " (skipped: only root on Linux may listen on port 22 of 127.0.0.0/8)";

/** Called where a story is described. @param name of the stack. */
export function labInVcenter(name: string) {
  let vcenter: Vcenter;
  let plugin: NodeJS.ProcessEnv;
  let stop = (): Promise<void> => Promise.resolve();
  const lab = new Stack(name, () => ({
    ...plugin,
    VSPHERE_SERVER: vcenter.login.server,
    VSPHERE_USER: vcenter.login.user,
    VSPHERE_PASSWORD: vcenter.login.password,
    VSPHERE_ALLOW_UNVERIFIED_SSL: "true",
  }));
  beforeAll(async () => {
    plugin = await pluginEnvironment();
    vcenter = await startVcenter(join(__dirname, "machine.sh"), { VCENTER_MACHINES: lab.stateFolder });
    stop = () => vcenter.stop();
    await lab.discard();
  });
  // A story that fails ends with `destroy`, which needs the vCenter.
  const step = story(lab);
  afterAll(async () => {
    await stop();
    rmSync(lab.stateFolder, { recursive: true, force: true });
  });
  return {
    lab,
    step,
    login: () => vcenter.login,
    platform: {
      kind: "vsphere",
      datacenter: "DC0",
      placement: { host: "DC0_H0" },
      datastore: "LocalDS_0",
      template: "debian-13",
      uplinkNetwork: "VM Network",
      lanSegment: { hostPortGroup: { switch: "vSwitch0", vlan: 64 } },
    },
    /** Of everything of a managed type. */
    names: (type: string) =>
      inSession(vcenter.login, async (session) => (await session.list(type)).map((each) => each.name).sort()),
  };
}
