import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";

/** A resource as the program asked for it, secrets unwrapped. */
export interface Registered {
  readonly type: string;
  readonly name: string;
  readonly inputs: Readonly<Record<string, unknown>>;
  /** Names of the inputs that were marked secret. */
  readonly secretInputs: readonly string[];
}

export type LookUp = (inputs: Readonly<Record<string, unknown>>) => Record<string, unknown>;

const components = [
  "ipv6lab:index:Ipv6OnlyLab",
  "ipv6lab:index:Gateway",
  "ipv6lab:index:Client",
  "pulumi:pulumi:Stack",
];

/** Plays the engine and records what is registered. A resource that it does not know is an error. */
export class RecordingMocks implements pulumi.runtime.Mocks {
  readonly registered: Registered[] = [];
  readonly called: { readonly token: string; readonly inputs: Readonly<Record<string, unknown>> }[] = [];

  /** @param answers of look-ups, by token. */
  constructor(private readonly answers: Readonly<Record<string, LookUp>> = {}) {}

  newResource({ type, name, inputs }: pulumi.runtime.MockResourceArgs): {
    id: string | undefined;
    state: Record<string, unknown>;
  } {
    const given = z.record(z.string(), z.unknown()).parse(inputs);
    const plain = z.record(z.string(), z.unknown()).parse(unwrap(given));
    const secretInputs = Object.keys(given).filter((key) => isSecret(given[key]));
    this.registered.push({ type, name, inputs: plain, secretInputs });
    return { id: components.includes(type) ? undefined : `${name}-id`, state: { ...plain, ...outputs(type, name) } };
  }

  call({ token, inputs }: pulumi.runtime.MockCallArgs): Record<string, unknown> {
    const given = z.record(z.string(), z.unknown()).parse(inputs);
    const answer = this.answers[token];
    if (answer === undefined) throw new Error(`The program called ${token}, which these tests do not know.`);
    this.called.push({ token, inputs: given });
    return answer(given);
  }

  of(type: string): Registered[] {
    return this.registered.filter((resource) => resource.type === type);
  }

  one(type: string, name: string): Registered {
    const found = this.of(type).filter((resource) => resource.name === name);
    const [only] = found;
    if (only === undefined || found.length > 1) {
      throw new Error(
        `${found.length} of ${type} are called ${name}; there are ${this.of(type)
          .map((resource) => resource.name)
          .join(", ")}.`,
      );
    }
    return only;
  }
}

function outputs(type: string, name: string): Record<string, unknown> {
  switch (type) {
    case "lab:index:KeyPair":
      return { privateKey: `private key of ${name}`, publicKey: `ssh-ed25519 ${name}` };
    case "lab:index:Image":
      return { digest: "d1", disk: "/cache/disk.qcow2", format: "qcow2", kernel: "/cache/kernel" };
    case "lab:index:LanSegment":
      return { group: "239.255.1.2", port: 50123 };
    case "lab:index:VirtualMachine":
      return { sshHost: "127.0.0.1", sshPort: 2222, powerOn: `${name} was powered on`, consoleLog: `${name}.log` };
    case "lab:index:GatewayState":
      return { mark: "m1" };
    case "lab:index:Verification":
      return { report: "all ok", summary: "1 ok" };
    case "lab:index:VsphereGuest":
      return { address: "192.0.2.77", powerOn: `${name} was powered on`, running: true };
    case "vsphere:index/virtualMachine:VirtualMachine":
      return { moid: `${name}-moid` };
    case "vsphere:index/folder:Folder":
    case "vsphere:index/hostPortGroup:HostPortGroup":
    case "vsphere:index/distributedPortGroup:DistributedPortGroup":
    case "vsphere:index/computeClusterVmAntiAffinityRule:ComputeClusterVmAntiAffinityRule":
    case "vsphere:index/tag:Tag":
      return {};
    case "command:remote:Command":
      return { stdout: "", stderr: "" };
    default:
      if (components.includes(type)) {
        return {};
      }
      throw new Error(`The program asked for a ${type}, which these tests do not know.`);
  }
}

const secretSchema = z.object({ value: z.unknown() }).loose();

function isSecret(value: unknown): boolean {
  return pulumi.runtime.isRpcSecret(value);
}

function unwrap(value: unknown): unknown {
  if (isSecret(value)) {
    return unwrap(secretSchema.parse(value).value);
  }
  if (Array.isArray(value)) {
    return value.map(unwrap);
  }
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, unwrap(inner)]));
  }
  return value;
}
