import { mkdirSync, realpathSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { stackFolder } from "../../host/paths";
import { type MachineDescription, plugged, qemuArguments } from "../../provider/qemu/command-line";
import { machineType } from "../../provider/qemu/machine-types";
import { machinePaths } from "../../provider/qemu/paths";
import { temporaryFolder } from "./context";

const paths = machinePaths("/lab/stacks/dev", "gateway");

const gateway: MachineDescription = {
  name: "dev-gateway",
  type: machineType("x64", "linux"),
  accelerator: "tcg",
  memoryMiB: 1024,
  cpus: 2,
  kernel: "/lab/stacks/dev/gateway/kernel",
  initrd: "/lab/stacks/dev/gateway/initrd",
  kernelArguments: "root=LABEL=root rw",
  nics: [
    { kind: "user", mac: "52:54:00:00:00:01", sshForward: true, restricted: false },
    { kind: "segment", mac: "52:54:00:00:00:02", segment: { group: "239.192.1.2", port: 23456 } },
  ],
  sshPort: 40022,
  start: { kind: "boot" },
  sandbox: true,
  paths,
};

/** Values of an option, in order. */
function values(args: readonly string[], option: string): string[] {
  return args.flatMap((word, index) => (args[index - 1] === option ? [word] : []));
}

describe("QEMU's arguments", () => {
  it("are these for an emulated gateway", () => {
    expect(qemuArguments(gateway)).toEqual([
      ...["-name", "dev-gateway"],
      ...["-machine", "q35,sata=off,smbus=off,accel=tcg"],
      ...["-machine", "memory-backend=memory", "-object", "memory-backend-ram,id=memory,size=1024M"],
      ...["-device", "vmgenid,guid=auto"],
      ...["-cpu", "max,-cx16,-erms"],
      ...["-smp", "1"],
      ...["-m", "1024"],
      ...["-nodefaults", "-no-user-config", "-display", "none"],
      ...["-sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny"],
      ...["-kernel", "/lab/stacks/dev/gateway/kernel", "-initrd", "/lab/stacks/dev/gateway/initrd"],
      ...["-append", "root=LABEL=root rw norandmaps"],
      "-drive",
      "if=none,id=disk,format=qcow2,cache=unsafe,discard=unmap,file=/lab/stacks/dev/gateway/disk.qcow2",
      ...["-device", "virtio-blk-pci,drive=disk,bootindex=1,addr=0x2"],
      ...["-chardev", "pipe,id=agent,path=/lab/stacks/dev/gateway/agent"],
      ...["-device", "virtio-serial-pci,addr=0x3"],
      ...["-device", "virtserialport,chardev=agent,name=org.qemu.guest_agent.0"],
      ...Array.from({ length: 12 }, (_, port) => [
        "-device",
        `pcie-root-port,id=port${port},chassis=${port + 1},addr=0x${(16 + port).toString(16)}`,
      ]).flat(),
      "-blockdev",
      '{"driver":"vvfat","node-name":"seed","dir":"/lab/stacks/dev/gateway/seed","label":"CIDATA","read-only":true}',
      ...["-netdev", "user,id=nic0,hostfwd=tcp:127.0.0.1:40022-:22"],
      ...["-netdev", "hubport,id=nic1,hubid=1"],
      ...["-netdev", "socket,id=segment1.239.192.1.2.23456,mcast=239.192.1.2:23456,localaddr=127.0.0.1"],
      ...["-netdev", "hubport,id=port1.239.192.1.2.23456,hubid=1,netdev=segment1.239.192.1.2.23456"],
      ...["-device", "virtio-blk-pci,id=seed,bus=port0,drive=seed"],
      ...["-device", "virtio-net-pci,id=card0,bus=port1,netdev=nic0,mac=52:54:00:00:00:01,romfile="],
      ...["-device", "virtio-net-pci,id=card1,bus=port2,netdev=nic1,mac=52:54:00:00:00:02,romfile="],
      ...["-chardev", "file,id=console,path=/lab/stacks/dev/gateway/console.log", "-serial", "chardev:console"],
      ...["-qmp", "unix:/lab/stacks/dev/gateway/qmp.sock,server=on,wait=off"],
      ...["-pidfile", "qemu.pid"],
    ]);
  });

  it("give the host's processor, and as many as planned, under KVM", () => {
    const args = qemuArguments({ ...gateway, accelerator: "kvm" });
    expect(values(args, "-cpu")).toEqual(["host"]);
    expect(values(args, "-smp")).toEqual(["2"]);
    expect(values(args, "-machine")).toContain("q35,sata=off,smbus=off,accel=kvm");
    expect(values(args, "-append")).toEqual(["root=LABEL=root rw"]);
  });

  it("boot a distribution's image by its own boot loader", () => {
    const args = qemuArguments({ ...gateway, kernel: undefined, kernelArguments: undefined });
    expect(args).not.toContain("-kernel");
    expect(args).not.toContain("-append");
  });

  it("boot a template as nobody: without a seed, without cards, with its memory in a file and a word for its gate", () => {
    const args = qemuArguments({ ...gateway, start: { kind: "template", memory: "/cache/t,1/memory" } });
    expect(values(args, "-append")).toEqual([
      "root=LABEL=root rw norandmaps systemd.unit=ipv6-only-lab-template.target",
    ]);
    expect(values(args, "-object")).toEqual([
      "memory-backend-file,id=memory,size=1024M,mem-path=/cache/t,,1/memory,share=on",
    ]);
    expect(values(args, "-machine")).toContain("memory-backend=memory");
    expect(values(args, "-netdev")).toEqual([]);
    expect(values(args, "-blockdev")).toEqual([]);
    expect(args).not.toContain("-incoming");
  });

  it("restore a machine from a copy of the template's memory, with all devices of the template and no other", () => {
    const devices = (start: MachineDescription["start"]): string[] =>
      values(qemuArguments({ ...gateway, start }), "-device");
    const memory = "/cache/template/memory";
    const args = qemuArguments({ ...gateway, start: { kind: "restore", memory } });
    expect(values(args, "-object")).toEqual([`memory-backend-file,id=memory,size=1024M,mem-path=${memory},share=off`]);
    expect(values(args, "-incoming")).toEqual(["defer"]);
    expect(args).toContain("-S");
    expect(values(args, "-append")).toEqual(["root=LABEL=root rw norandmaps"]);
    expect(devices({ kind: "restore", memory })).toEqual(devices({ kind: "template", memory }));
    expect(devices({ kind: "restore", memory })).toContain("vmgenid,guid=auto");
    // What is plugged in then is what a boot finds.
    expect(plugged(gateway).map(({ bus }) => bus)).toEqual(["port0", "port1", "port2"]);
  });

  it("resume a suspended machine with the devices that a boot gives it, and wait for its state", () => {
    const booted = qemuArguments(gateway);
    const resumed = qemuArguments({ ...gateway, start: { kind: "resume" } });
    expect(
      resumed.filter((word, index) => word !== "-S" && !`${resumed[index - 1] ?? ""}${word}`.includes("-incoming")),
    ).toEqual(booted);
    expect(values(resumed, "-incoming")).toEqual(["defer"]);
    expect(resumed).toContain("-S");
  });

  it("leave out the number of the machine's generation where QEMU knows none", () => {
    const args = qemuArguments({ ...gateway, type: machineType("arm64", "linux") });
    expect(values(args, "-device").filter((device) => device.startsWith("vmgenid"))).toEqual([]);
  });

  it("leave the sandbox out where QEMU has to start the helper of a bridge", () => {
    const nics = [{ kind: "bridge", mac: "52:54:00:00:00:01", bridge: "br0" }] as const;
    const args = qemuArguments({ ...gateway, nics });
    expect(args).not.toContain("-sandbox");
    expect(values(args, "-netdev")).toEqual(["bridge,id=nic0,br=br0"]);
  });

  it("let nothing out of a restricted card", () => {
    const nics = [{ kind: "user", mac: "52:54:00:00:00:03", sshForward: true, restricted: true }] as const;
    expect(values(qemuArguments({ ...gateway, nics }), "-netdev")).toEqual([
      "user,id=nic0,restrict=on,hostfwd=tcp:127.0.0.1:40022-:22",
    ]);
  });

  it("escape commas in paths", () => {
    const args = qemuArguments({ ...gateway, paths: machinePaths("/a,b/dev", "gateway") });
    expect(values(args, "-drive")[0]).toContain("file=/a,,b/dev/gateway/disk.qcow2");
    expect(values(args, "-qmp")).toEqual(["unix:/a,,b/dev/gateway/qmp.sock,server=on,wait=off"]);
  });
});

describe("machine types", () => {
  it("prefer the hypervisor of the system to emulation", () => {
    expect(machineType("x64", "linux").accelerators).toEqual(["kvm", "tcg"]);
    expect(machineType("arm64", "darwin").accelerators).toEqual(["hvf", "tcg"]);
    expect(machineType("arm64", "darwin").emulator).toBe("qemu-system-aarch64");
  });

  it("refuse a processor that nobody has described", () => {
    expect(() => machineType("riscv64", "linux")).toThrow("riscv64");
  });
});

describe("a machine's paths", () => {
  it("tell QEMU of its sockets by their whole path while that is short enough for the kernel, else as seen from its folder", () => {
    const home = (folder: string) => qemuArguments({ ...gateway, paths: machinePaths(folder, "gateway") });
    expect(values(home("/lab/stacks/dev"), "-qmp")).toEqual([
      "unix:/lab/stacks/dev/gateway/qmp.sock,server=on,wait=off",
    ]);
    const deep = home(`/${"x".repeat(120)}/dev`);
    expect(values(deep, "-qmp")).toEqual(["unix:qmp.sock,server=on,wait=off"]);
  });

  it("have no symbolic link in them, before the machine's folder is there and after", () => {
    const folder = temporaryFolder();
    const [real, link] = [join(folder.path, "real"), join(folder.path, "link")];
    mkdirSync(real);
    symlinkSync(real, link);
    const before = machinePaths(join(link, "stacks", "dev"), "gateway").folder;
    expect(before).toBe(join(realpathSync(real), "stacks", "dev", "gateway"));
    mkdirSync(before, { recursive: true });
    expect(machinePaths(join(link, "stacks", "dev"), "gateway").folder).toBe(before);
    symlinkSync(real, join(folder.path, ".lab"));
    expect(stackFolder("dev", folder.path)).toBe(join(realpathSync(real), "stacks", "dev"));
    folder.remove();
  });
});
