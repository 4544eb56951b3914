import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findOnPath } from "../../../host/processes";
import { loopbackAddress, toldName, qemuNics, vmwareArguments } from "./guest";
import { addFiles } from "./template";

const gateway = {
  moid: "vm-70",
  name: "ipv6-only-lab-vsphere-gateway",
  memoryMiB: 1024,
  cpus: 1,
  nics: [
    { mac: "00:50:56:01:02:03", network: "VM Network" },
    { mac: "00:50:56:04:05:06", network: "ipv6-only-lab-vsphere-lan" },
  ],
  guestinfo: { "guestinfo.userdata": "dXNlcg==", "guestinfo.metadata": "bWV0YQ==" },
};
const client = {
  ...gateway,
  moid: "vm-71",
  nics: [{ mac: "00:50:56:07:08:09", network: "ipv6-only-lab-vsphere-lan" }],
};

describe("the QEMU machine behind a virtual machine", () => {
  it("has its cards in its order, the uplink's as a way out and every other on a segment of its network's", () => {
    const [uplink, lan] = qemuNics(gateway);
    const [clientLan] = qemuNics(client);
    expect(uplink).toEqual({ kind: "user", mac: "00:50:56:01:02:03", sshForward: true, restricted: false });
    expect(lan).toMatchObject({ kind: "segment", mac: "00:50:56:04:05:06" });
    expect(clientLan).toEqual({ ...lan, mac: "00:50:56:07:08:09" });
  });

  it("has a loopback address of its own", () => {
    expect(loopbackAddress(gateway)).toMatch(/^127\.\d+\.\d+\.\d+$/);
    expect(loopbackAddress(gateway)).not.toBe(loopbackAddress(client));
  });

  it("is VMware's to cloud-init, with its guestinfo as files", () => {
    expect(vmwareArguments(gateway, "/values")).toEqual([
      "-smbios",
      "type=1,manufacturer=VMware,, Inc.,product=VMware Virtual Platform",
      "-fw_cfg",
      "name=opt/guestinfo.metadata,file=/values/guestinfo.metadata",
      "-fw_cfg",
      "name=opt/guestinfo.userdata,file=/values/guestinfo.userdata",
    ]);
  });

  it("is called what it has said of itself last", () => {
    expect(toldName("guest tools: this is debian\r\n[  OK  ] …\n[   12.3] guest tools: this is gateway\r\n")).toBe(
      "gateway",
    );
    expect(toldName("[  OK  ] Started")).toBeUndefined();
  });
});

describe("the template", () => {
  const debugfs = findOnPath("debugfs") ?? ["/usr/sbin/debugfs", "/sbin/debugfs"].find(existsSync);
  const itWithDebugfs = debugfs === undefined ? it.skip : it;

  itWithDebugfs("gets VMware's tool and cloud-init's setting written into it (skipped without e2fsprogs)", async () => {
    const folder = mkdtempSync(join(tmpdir(), "ipv6lab-test-"));
    try {
      for (const inside of ["usr/bin", "etc/cloud/cloud.cfg.d", "etc/systemd/system/cloud-init-network.service.d"])
        mkdirSync(join(folder, "root", inside), { recursive: true });
      const disk = join(folder, "disk.raw");
      const mke2fs = findOnPath("mke2fs") ?? "/usr/sbin/mke2fs";
      execFileSync(mke2fs, ["-q", "-t", "ext4", "-d", join(folder, "root"), disk, "8M"]);
      await addFiles(disk, { signal: new AbortController().signal });
      const stat = execFileSync(debugfs ?? "debugfs", ["-R", "stat /usr/bin/vmware-rpctool", disk], {
        encoding: "utf8",
      });
      expect(stat).toMatch(/Mode: +0755/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("has a tool that says of a missing key what cloud-init expects to hear", () => {
    const tool = join(__dirname, "template", "vmware-rpctool");
    const { status, stdout, stderr } = spawnSync(tool, ["info-get guestinfo.missing"], { encoding: "utf8" });
    expect({ status, stdout, stderr }).toEqual({ status: 1, stdout: "", stderr: "No value found\n" });
  });
});
