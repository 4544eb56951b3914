import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findOnPath } from "../../../host/processes";
import { loopbackAddress, qemuNics, replugged, toldName, vmwareArguments } from "./guest";
import { addFiles } from "./template";

const gateway = {
  moid: "vm-70",
  name: "ipv6-only-lab-vsphere-gateway",
  memoryMiB: 1024,
  cpus: 1,
  nics: [
    { mac: "00:50:56:01:02:03", network: "VM Network", connected: true },
    { mac: "00:50:56:04:05:06", network: "ipv6-only-lab-vsphere-lan", connected: true },
  ],
  guestinfo: { "guestinfo.userdata": "dXNlcg==", "guestinfo.metadata": "bWV0YQ==" },
};
const client = {
  ...gateway,
  moid: "vm-71",
  nics: [{ mac: "00:50:56:07:08:09", network: "ipv6-only-lab-vsphere-lan", connected: true }],
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

describe("a change of the devices of a running virtual machine", () => {
  const withCard = (card: Partial<(typeof client.nics)[number]>) => ({
    ...client,
    nics: client.nics.map((nic) => ({ ...nic, ...card })),
  });
  const executed = (...changes: Parameters<typeof replugged>) =>
    replugged(...changes).map(({ execute, arguments: words }) => `${execute} ${JSON.stringify(words)}`);

  it("takes and gives the carrier where the virtual card is disconnected and connected", () => {
    expect(executed(client, client)).toEqual([]);
    expect(executed(client, withCard({ connected: false }))).toEqual(['set_link {"name":"card0","up":false}']);
    expect(executed(withCard({ connected: false }), client)).toEqual(['set_link {"name":"card0","up":true}']);
  });

  it("puts the card on another segment with no word to the guest, and never on two", () => {
    const to = withCard({ network: "other" });
    const [, other] = [qemuNics(client)[0], qemuNics(to)[0]];
    const commands = replugged(client, to);
    expect(commands.map(({ execute }) => execute)).toEqual(["netdev_add", "netdev_del", "netdev_add", "netdev_del"]);
    expect(commands[0]?.arguments).toMatchObject({
      type: "socket",
      mcast: other?.kind === "segment" ? `${other.segment.group}:${other.segment.port}` : "",
    });
    expect(commands[1]?.arguments).toMatchObject({ id: expect.stringMatching(/^port0\./) as unknown });
    expect(commands[2]?.arguments).toMatchObject({ type: "hubport", hubid: 0 });
    expect(commands[3]?.arguments).toMatchObject({ id: expect.stringMatching(/^segment0\./) as unknown });
  });

  it("gives the carrier back on the new segment, and not before", () => {
    const before = withCard({ connected: false });
    expect(replugged(before, withCard({ network: "other" })).at(-1)).toEqual({
      execute: "set_link",
      arguments: { name: "card0", up: true },
    });
  });

  it("cannot be played for the uplink's card", () => {
    const moved = { ...gateway, nics: gateway.nics.map((nic) => ({ ...nic, network: "other" })) };
    expect(() => replugged(gateway, moved)).toThrow(/from VM Network to other/);
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
