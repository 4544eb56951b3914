/** QEMU's command line, a pure function of the machine. */
import type { NicArgs } from "../resources";
import { backendId, cardId, cardPort, type NetworkBackend, segmentPort, segmentSocket } from "./hub";
import { type Accelerator, type MachineType, machineOption } from "./machine-types";
import { type MachinePaths, pidFileName } from "./paths";
import { socketForQemu } from "./sockets";

/** QEMU can then neither start programs nor gain rights, whatever a guest makes it do. */
export const sandboxOption = "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny";

export interface MachineDescription {
  /** Shown in the list of processes. */
  readonly name: string;
  readonly type: MachineType;
  readonly accelerator: Accelerator;
  readonly memoryMiB: number;
  readonly cpus: number;
  readonly kernel: string | undefined;
  readonly initrd: string | undefined;
  readonly kernelArguments: string | undefined;
  readonly nics: readonly NicArgs[];
  /** Loopback port that leads to the guest's sshd. */
  readonly sshPort: number | undefined;
  readonly start: Start;
  /** Let QEMU lock itself into a seccomp sandbox; not every build of it can. */
  readonly sandbox: boolean;
  readonly paths: MachinePaths;
}

/** How a machine comes to life. `memory` is the file that holds a template's memory. */
export type Start =
  | { readonly kind: "boot" }
  /** Boots up to where it would become somebody, to be saved. */
  | { readonly kind: "template"; readonly memory: string }
  /** Goes on where the template was saved, once its state has come; writes to a copy of the memory. */
  | { readonly kind: "restore"; readonly memory: string }
  /** Goes on where it was suspended, once its state has come. */
  | { readonly kind: "resume" };

export function qemuArguments(machine: MachineDescription): string[] {
  const { type, accelerator, paths } = machine;
  return [
    ...["-name", escape(machine.name)],
    ...["-machine", machineOption(type, accelerator), ...memory(machine)],
    ...["-cpu", type.cpu[accelerator]],
    ...["-smp", String(Math.min(machine.cpus, type.maximumCpus[accelerator]))],
    ...["-m", String(machine.memoryMiB)],
    ...["-nodefaults", "-no-user-config", "-display", "none"],
    ...sandbox(machine),
    ...boot(machine),
    ...disk(machine),
    ...agent(machine),
    ...ports(),
    ...backends(machine),
    // A template has none of them, and what is restored from it gets them before it goes on.
    ...(["boot", "resume"].includes(machine.start.kind) ? plugged(machine) : []).flatMap((device) => [
      "-device",
      words(device),
    ]),
    ...["-chardev", `file,id=console,path=${escape(paths.console)}`, "-serial", "chardev:console"],
    ...["-qmp", `unix:${escape(socketForQemu(paths.qmp))},server=on,wait=off`],
    ...["-pidfile", pidFileName],
  ];
}

/**
 * The memory of a template is its file; what is restored from it reads the same file and keeps what it writes itself. It
 * has the same name in all of them, by which a state finds it.
 */
function memory({ start, memoryMiB, type }: MachineDescription): string[] {
  const common = `id=memory,size=${memoryMiB}M`;
  const object =
    start.kind === "template" || start.kind === "restore"
      ? `memory-backend-file,${common},mem-path=${escape(start.memory)},share=${start.kind === "template" ? "on" : "off"}`
      : `memory-backend-ram,${common}`;
  return [
    ...["-machine", "memory-backend=memory", "-object", object],
    // Tells the guest's kernel that this is another machine than the one that was saved.
    ...(type.generationId ? ["-device", "vmgenid,guid=auto"] : []),
    ...(start.kind === "restore" || start.kind === "resume" ? ["-S", "-incoming", "defer"] : []),
  ];
}

/** The helper that attaches a card to a bridge is a setuid program, which the sandbox forbids. */
function sandbox({ nics, sandbox: wanted }: MachineDescription): string[] {
  if (!wanted || nics.some(({ kind }) => kind === "bridge")) return [];
  return ["-sandbox", sandboxOption];
}

function boot({ kernel, initrd, kernelArguments, accelerator, type, start }: MachineDescription): string[] {
  if (kernel === undefined) return [];
  const gate = start.kind === "template" ? "systemd.unit=ipv6-only-lab-template.target" : undefined;
  const words = [kernelArguments, type.kernelArguments[accelerator], gate].filter((each) => each !== undefined);
  return [
    ...["-kernel", kernel],
    ...(initrd === undefined ? [] : ["-initrd", initrd]),
    ...(words.length === 0 ? [] : ["-append", words.join(" ")]),
  ];
}

/**
 * The disk may be lost with the host, so nothing is flushed (`cache=unsafe`). Its place is fixed, as that of all devices
 * is: a machine that is restored must find what the template had.
 */
function disk({ paths }: MachineDescription): string[] {
  const drive = `if=none,id=disk,format=qcow2,cache=unsafe,discard=unmap,file=${escape(paths.overlay)}`;
  return ["-drive", drive, "-device", "virtio-blk-pci,drive=disk,bootindex=1,addr=0x2"];
}

/** The line to the guest's agent (qemu-ga(8)), by which a template is told who it is. */
function agent({ paths }: MachineDescription): string[] {
  return [
    ...["-chardev", `pipe,id=agent,path=${escape(paths.agent)}`],
    ...["-device", "virtio-serial-pci,addr=0x3"],
    ...["-device", "virtserialport,chardev=agent,name=org.qemu.guest_agent.0"],
  ];
}

/**
 * The seed, and as many network cards as a machine may have: a gateway's uplink and management, and one for each of its
 * (up to nine) networks. A machine has all of them from the start, since a template does not know what will be restored
 * from it. Each costs an emulated boot a third of a second.
 */
const portCount = 12;

export const maximumCards = portCount - 1;

/** Where devices are plugged in, also while the machine runs: the root complex itself takes none then. */
function ports(): string[] {
  return Array.from({ length: portCount }, (_, index) => [
    "-device",
    `pcie-root-port,id=port${index},chassis=${index + 1},addr=0x${(0x10 + index).toString(16)}`,
  ]).flat();
}

/** The seed is a folder that QEMU shows as a FAT disk: no tool is needed to make it. */
function backends({ nics, paths, sshPort, start }: MachineDescription): string[] {
  if (start.kind === "template") return [];
  const seed = { driver: "vvfat", "node-name": "seed", dir: paths.seed, label: "CIDATA", "read-only": true };
  return [
    ...["-blockdev", JSON.stringify(seed)],
    ...nics.flatMap((nic, index) => networkBackends(nic, index, sshPort).flatMap((each) => ["-netdev", each])),
  ];
}

/** A device as QMP's `device_add` takes it. */
export type Device = Readonly<Record<"driver" | "id" | "bus", string>> & Readonly<Record<string, string>>;

/** What makes one machine differ from another: its seed and its network cards. */
export function plugged({ nics }: Pick<MachineDescription, "nics">): Device[] {
  return [
    { driver: "virtio-blk-pci", id: "seed", bus: "port0", drive: "seed" },
    ...nics.map(({ mac }, index) => {
      const netdev = backendId(index);
      // No option ROM: nothing boots from the network.
      return { driver: "virtio-net-pci", id: cardId(index), bus: `port${index + 1}`, netdev, mac, romfile: "" };
    }),
  ];
}

function words({ driver, ...properties }: Device): string {
  return [driver, ...Object.entries(properties).map(([key, value]) => `${key}=${value}`)].join(",");
}

function networkBackends(nic: NicArgs, index: number, sshPort: number | undefined): string[] {
  const id = backendId(index);
  switch (nic.kind) {
    case "user": {
      const restricted = nic.restricted ? ",restrict=on" : "";
      const forward = nic.sshForward && sshPort !== undefined ? `,hostfwd=tcp:127.0.0.1:${sshPort}-:22` : "";
      return [`user,id=${id}${restricted}${forward}`];
    }
    case "segment":
      return [cardPort(index), segmentSocket(index, nic.segment), segmentPort(index, nic.segment)].map(backendWords);
    case "bridge":
      return [`bridge,id=${id},br=${escape(nic.bridge)}`];
  }
}

function backendWords({ type, ...properties }: NetworkBackend): string {
  return [type, ...Object.entries(properties).map(([key, value]) => `${key}=${value}`)].join(",");
}

/** A comma inside a value is doubled in QEMU's option syntax. */
function escape(value: string): string {
  return value.replaceAll(",", ",,");
}
