/** What QEMU is asked for, by processor of this machine and accelerator. A new platform is a new row. */
import { z } from "zod";

export const acceleratorSchema = z.enum(["kvm", "hvf", "tcg"]);
export type Accelerator = z.infer<typeof acceleratorSchema>;

export interface MachineType {
  readonly emulator: string;
  /** Value of `-machine` without the accelerator. */
  readonly machine: string;
  /** Accelerators of this machine, best first. */
  readonly accelerators: readonly Accelerator[];
  readonly cpu: Readonly<Record<Accelerator, string>>;
  /** Added to those of an image whose kernel QEMU boots itself. */
  readonly kernelArguments: Readonly<Partial<Record<Accelerator, string>>>;
  /** More processors are slower than one under `tcg`, and less stable. */
  readonly maximumCpus: Readonly<Record<Accelerator, number>>;
  /**
   * Accelerators under which a machine is restored from a template instead of booted. Where a boot takes a few seconds
   * there is little to win, and what was not tried is not in the list.
   */
  readonly templates: readonly Accelerator[];
  /** Whether QEMU has a `vmgenid` for it (7.2: for PCs alone). */
  readonly generationId: boolean;
  /** Packages that bring the emulator, for the message when it is missing. */
  readonly packages: { readonly apt: string; readonly brew: string };
}

const hypervisors: Partial<Record<NodeJS.Platform, readonly Accelerator[]>> = { linux: ["kvm"], darwin: ["hvf"] };
const maximumCpus = { kvm: 64, hvf: 64, tcg: 1 } as const;
/**
 * The emulator translates a program anew for each address at which it is loaded, and address space randomization gives
 * every process others: without it, starting programs takes half the time.
 */
const kernelArguments = { tcg: "norandmaps" };

/** @throws for a processor that no row describes. */
export function machineType(processor: string = process.arch, system: NodeJS.Platform = process.platform): MachineType {
  const accelerators = [...(hypervisors[system] ?? []), "tcg" as const];
  switch (processor) {
    case "x64":
      return {
        emulator: "qemu-system-x86_64",
        // Without the controllers that nothing is attached to: the guest would load drivers for them.
        machine: "q35,sata=off,smbus=off",
        accelerators,
        // Emulated cmpxchg16b crashes the guest's kernel in the slab allocator in half of all boots. `erms` tells kernel and
        // libc to copy byte by byte (`rep movsb`), which the emulator does one by one; without it they copy words.
        cpu: { kvm: "host", hvf: "host", tcg: "max,-cx16,-erms" },
        kernelArguments,
        maximumCpus,
        templates: ["tcg"],
        generationId: true,
        packages: { apt: "qemu-system-x86 qemu-utils", brew: "qemu" },
      };
    case "arm64":
      return {
        emulator: "qemu-system-aarch64",
        machine: "virt,gic-version=max",
        accelerators,
        cpu: { kvm: "host", hvf: "host", tcg: "max,pauth-impdef=on" },
        kernelArguments,
        maximumCpus,
        templates: [],
        generationId: false,
        packages: { apt: "qemu-system-arm qemu-utils", brew: "qemu" },
      };
    default:
      throw new Error(`QEMU machines are not described for a processor of the kind ${processor}; known: x64, arm64.`);
  }
}

/** Value of `-machine`, which names the accelerator too. */
export function machineOption(type: MachineType, accelerator: Accelerator): string {
  return `${type.machine},accel=${accelerator}`;
}
