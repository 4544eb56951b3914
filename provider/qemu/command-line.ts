/** QEMU's command line, a pure function of the machine. */
import type { NicArgs } from "../resources";
import { type Accelerator, type MachineType, machineOption } from "./machine-types";
import { type MachinePaths, pidFileName } from "./paths";

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
  /** Let QEMU lock itself into a seccomp sandbox; not every build of it can. */
  readonly sandbox: boolean;
  readonly paths: MachinePaths;
}

export function qemuArguments(machine: MachineDescription): string[] {
  const { type, accelerator, paths } = machine;
  return [
    ...["-name", escape(machine.name)],
    ...["-machine", machineOption(type, accelerator)],
    ...["-cpu", type.cpu[accelerator]],
    ...["-smp", String(Math.min(machine.cpus, type.maximumCpus[accelerator]))],
    ...["-m", String(machine.memoryMiB)],
    ...["-nodefaults", "-no-user-config", "-display", "none"],
    ...sandbox(machine),
    ...boot(machine),
    ...disks(machine),
    ...machine.nics.flatMap((nic, index) => networkCard(nic, index, machine.sshPort)),
    ...["-chardev", `file,id=console,path=${escape(paths.console)}`, "-serial", "chardev:console"],
    ...["-qmp", `unix:${escape(paths.qmp)},server=on,wait=off`],
    ...["-pidfile", pidFileName],
  ];
}

/** The helper that attaches a card to a bridge is a setuid program, which the sandbox forbids. */
function sandbox({ nics, sandbox: wanted }: MachineDescription): string[] {
  if (!wanted || nics.some(({ kind }) => kind === "bridge")) return [];
  return ["-sandbox", sandboxOption];
}

function boot({ kernel, initrd, kernelArguments, accelerator, type }: MachineDescription): string[] {
  if (kernel === undefined) return [];
  const words = [kernelArguments, type.kernelArguments[accelerator]].filter((each) => each !== undefined);
  return [
    ...["-kernel", kernel],
    ...(initrd === undefined ? [] : ["-initrd", initrd]),
    ...(words.length === 0 ? [] : ["-append", words.join(" ")]),
  ];
}

/**
 * The disk may be lost with the host, so nothing is flushed (`cache=unsafe`). The seed is a folder that QEMU shows as a
 * FAT disk: no tool is needed to make it.
 */
function disks({ paths }: MachineDescription): string[] {
  const disk = `if=none,id=disk,format=qcow2,cache=unsafe,discard=unmap,file=${escape(paths.overlay)}`;
  const seed = { driver: "vvfat", "node-name": "seed", dir: paths.seed, label: "CIDATA", "read-only": true };
  return [
    ...["-drive", disk, "-device", "virtio-blk-pci,drive=disk,bootindex=1"],
    ...["-blockdev", JSON.stringify(seed), "-device", "virtio-blk-pci,drive=seed"],
  ];
}

function networkCard(nic: NicArgs, index: number, sshPort: number | undefined): string[] {
  const id = `nic${index}`;
  return [
    ...["-netdev", networkBackend(nic, id, sshPort)],
    // No option ROM: nothing boots from the network.
    ...["-device", `virtio-net-pci,netdev=${id},mac=${nic.mac},romfile=`],
  ];
}

function networkBackend(nic: NicArgs, id: string, sshPort: number | undefined): string {
  switch (nic.kind) {
    case "user": {
      const restricted = nic.restricted ? ",restrict=on" : "";
      const forward = nic.sshForward && sshPort !== undefined ? `,hostfwd=tcp:127.0.0.1:${sshPort}-:22` : "";
      return `user,id=${id}${restricted}${forward}`;
    }
    case "segment":
      return `socket,id=${id},mcast=${nic.segment.group}:${nic.segment.port},localaddr=127.0.0.1`;
    case "bridge":
      return `bridge,id=${id},br=${escape(nic.bridge)}`;
  }
}

/** A comma inside a value is doubled in QEMU's option syntax. */
function escape(value: string): string {
  return value.replaceAll(",", ",,");
}
