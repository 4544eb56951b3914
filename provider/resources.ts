/**
 * The resources of the in-repo provider `lab` as the program sees them, with the outputs that it uses (`schema.json` has
 * all). What they do is in the files beside this one (`key-pair.ts`, `image.ts`, `virtual-machine.ts`,
 * `verification.ts`), which run in the provider's own process.
 */
import * as pulumi from "@pulumi/pulumi";
import type { CloudInitDocuments } from "../cloud-init/documents";
import type { DiskImagePlan } from "../plan/model";
import type { VcenterLogin } from "../vcenter/session";

/** What the SDK must know of as outputs, whose values come with the resource. */
function undefinedUntilMade(...names: readonly string[]): Readonly<Record<string, undefined>> {
  return Object.fromEntries(names.map((name) => [name, undefined]));
}

/** An ed25519 key pair in OpenSSH's formats. The private key is a secret. */
export class KeyPair extends pulumi.CustomResource {
  declare readonly privateKey: pulumi.Output<string>;
  declare readonly publicKey: pulumi.Output<string>;

  constructor(name: string, args: KeyPairArgs, opts?: pulumi.CustomResourceOptions) {
    super(
      "lab:index:KeyPair",
      name,
      { ...args, privateKey: undefined, publicKey: undefined },
      pulumi.mergeOptions({ additionalSecretOutputs: ["privateKey"] }, opts),
    );
  }
}

export interface KeyPairArgs {
  /** The comment at the end of the public key. A change replaces the pair. */
  comment: pulumi.Input<string>;
}

/** A bootable guest image in the cache that all stacks of this user share, addressed by what it is made from. */
export class Image extends pulumi.CustomResource {
  /** Hex digest of everything that the image is made from. */
  declare readonly digest: pulumi.Output<string>;
  /** Absolute path of the base disk (qcow2 or raw), never written to. */
  declare readonly disk: pulumi.Output<string>;
  declare readonly format: pulumi.Output<"qcow2" | "raw">;
  /** Kernel for direct boot; undefined: the disk's own boot loader. */
  declare readonly kernel: pulumi.Output<string | undefined>;
  declare readonly initrd: pulumi.Output<string | undefined>;
  declare readonly kernelArguments: pulumi.Output<string | undefined>;

  constructor(name: string, args: ImageArgs, opts?: pulumi.CustomResourceOptions) {
    const outputs = undefinedUntilMade("digest", "disk", "format", "kernel", "initrd", "kernelArguments");
    super("lab:index:Image", name, { ...args, ...outputs }, opts);
  }
}

export interface ImageArgs {
  source: pulumi.Input<DiskImagePlan>;
}

/**
 * One QEMU virtual machine of this user, with a folder of its own for disk, seed, sockets and console log. A machine that
 * is made anew has another id.
 */
export class VirtualMachine extends pulumi.CustomResource {
  /** Where SSH is reached from this machine, when a NIC has `sshForward`. */
  declare readonly sshHost: pulumi.Output<string | undefined>;
  declare readonly sshPort: pulumi.Output<number | undefined>;
  /** Changes each time the machine is powered on: what must run again then depends on it. */
  declare readonly powerOn: pulumi.Output<string>;
  declare readonly consoleLog: pulumi.Output<string>;

  constructor(name: string, args: VirtualMachineArgs, opts?: pulumi.CustomResourceOptions) {
    const outputs = undefinedUntilMade("sshHost", "sshPort", "powerOn", "consoleLog");
    super("lab:index:VirtualMachine", name, { ...args, ...outputs }, opts);
  }
}

export interface VirtualMachineArgs {
  /** Folder of the stack's state, relative to the project (`.lab/<stack>`), and the machine's name in it. */
  stateFolder: pulumi.Input<string>;
  machineName: pulumi.Input<string>;
  image: pulumi.Input<{
    /** What a machine is replaced for: the same content at another path is the same image. */
    digest: pulumi.Input<string>;
    disk: pulumi.Input<string>;
    format: pulumi.Input<"qcow2" | "raw">;
    kernel?: pulumi.Input<string | undefined>;
    initrd?: pulumi.Input<string | undefined>;
    kernelArguments?: pulumi.Input<string | undefined>;
  }>;
  memoryMiB: pulumi.Input<number>;
  cpus: pulumi.Input<number>;
  accelerator: pulumi.Input<"auto" | "kvm" | "hvf" | "tcg">;
  /** A change replaces the machine, unless only segments change: its cards are moved then, while it runs. */
  nics: pulumi.Input<NicInput>[];
  /**
   * Whether nothing on its disk is worth a boot, because all of it is laid down anew: when it was lost it is restored from
   * its template where there is one, and the disk is put aside.
   */
  disposable: pulumi.Input<boolean>;
  /** Secret: the documents hold the host's private key. A change replaces the machine. */
  documents: pulumi.Input<CloudInitDocuments>;
}

/** A network card, in the order in which the guest sees them. */
export type NicArgs =
  | { kind: "user"; mac: string; sshForward: boolean; /** No way out, SSH in only. */ restricted: boolean }
  | { kind: "segment"; mac: string; segment: SegmentReference }
  | { kind: "bridge"; mac: string; bridge: string };

type SegmentNic = Extract<NicArgs, { kind: "segment" }>;

/** Whose segment may not be known yet, while all else is: a preview tells then that the card is moved, and no more. */
export type NicInput =
  Exclude<NicArgs, SegmentNic> | (Omit<SegmentNic, "segment"> & { segment: pulumi.Input<SegmentReference> });

/** A LAN segment: a multicast group and port on the loopback interface, one pair for each segment. */
export interface SegmentReference {
  readonly group: string;
  readonly port: number;
}

/** Reserves the loopback multicast group and port that the cards of one LAN are joined by. */
export class LanSegment extends pulumi.CustomResource {
  declare readonly group: pulumi.Output<string>;
  declare readonly port: pulumi.Output<number>;

  constructor(name: string, args: Record<string, never>, opts?: pulumi.CustomResourceOptions) {
    super("lab:index:LanSegment", name, { ...args, group: undefined, port: undefined }, opts);
  }
}

/**
 * What the vSphere plugin leaves open about a machine of its: whether it is on, which the plugin reports and does not
 * mend, the address that the guest itself tells, and that the guest sees when a card was put on another network.
 */
export class VsphereGuest extends pulumi.CustomResource {
  /** IPv4 address of the card `addressOf`; undefined without one. */
  declare readonly address: pulumi.Output<string | undefined>;
  /** Changes each time the machine is powered on. */
  declare readonly powerOn: pulumi.Output<string>;

  constructor(name: string, args: VsphereGuestArgs, opts?: pulumi.CustomResourceOptions) {
    const inputs = { ...args, vcenter: pulumi.secret(args.vcenter) };
    super("lab:index:VsphereGuest", name, { ...inputs, ...undefinedUntilMade("address", "powerOn") }, opts);
  }
}

export interface VsphereGuestArgs {
  vcenter: pulumi.Input<VcenterLogin>;
  /** Managed object id of the virtual machine, e.g. `vm-42`. */
  moid: pulumi.Input<string>;
  /** Where a person finds the machine in vCenter. */
  place: pulumi.Input<string>;
  /** Host name that the guest must have taken on: what shows that cloud-init has done its work. */
  hostName?: pulumi.Input<string>;
  /** MAC of the card whose IPv4 address is waited for. */
  addressOf?: pulumi.Input<string>;
  /** Seconds that the guest may take to tell both. */
  addressTimeout: pulumi.Input<number>;
  /** Cards whose guest is to see that they were elsewhere, with the network of each: managed object ids. */
  cards?: pulumi.Input<readonly { readonly mac: string; readonly network: string }[]>;
}

/** Whether the gateway still is as it was laid down, as a refresh sees it. */
export class GatewayState extends pulumi.CustomResource {
  /** Changes when the services must be laid down again. */
  declare readonly mark: pulumi.Output<string>;

  constructor(name: string, args: GatewayStateArgs, opts?: pulumi.CustomResourceOptions) {
    super("lab:index:GatewayState", name, { ...args, drift: [], mark: undefined }, opts);
  }
}

export interface GatewayStateArgs {
  /** How to get in, as JSON: host, port, user, privateKey, hostKey, and agent where there is one. Secret. */
  target: pulumi.Input<string>;
  /** What it is held against: `outlineText` of the bundle. */
  outline: pulumi.Input<string>;
}

/** The checks that end `pulumi up`: creating or updating it fails, with the report, unless the lab works. */
export class Verification extends pulumi.CustomResource {
  /** How many checks passed, failed and were skipped. */
  declare readonly summary: pulumi.Output<string>;

  constructor(name: string, args: VerificationArgs, opts?: pulumi.CustomResourceOptions) {
    super("lab:index:Verification", name, { ...args, summary: undefined }, opts);
  }
}

export interface VerificationArgs {
  /** The lab as `npm run verify` sees it too: the text of a LabAccess (verify/access.ts). Secret, it holds the login key. */
  target: pulumi.Input<string>;
  /** Digests and power-on marks: a change means that the lab must be looked at again. */
  triggers: pulumi.Input<pulumi.Input<string>[]>;
}
