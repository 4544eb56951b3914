import * as pulumi from "@pulumi/pulumi";
import type { GatewayPlan, LabPlan, NetworkPlan, QemuPlatformPlan } from "../plan/model";
import { Image, LanSegment, type NicInput, type SegmentReference, VirtualMachine } from "../provider/resources";
import type { Machine, MachineArgs, NetworkReference, Platform } from "./platform";

/** QEMU virtual machines of this user, unprivileged: user-mode uplink, LAN on the loopback interface. */
export class QemuPlatform implements Platform {
  private readonly image: Image;

  constructor(
    name: string,
    private readonly lab: LabPlan,
    private readonly platform: QemuPlatformPlan,
    opts: pulumi.ComponentResourceOptions,
  ) {
    this.image = new Image(`${name}-image`, { source: platform.image }, opts);
  }

  segment(name: string, _network: NetworkPlan, opts: pulumi.ComponentResourceOptions): NetworkReference {
    const segment = new LanSegment(name, {}, opts);
    return pulumi
      .all([segment.group, segment.port])
      .apply(([group, port]): Readonly<Record<string, string | number>> => ({ group, port }));
  }

  virtualMachine(name: string, args: MachineArgs, opts: pulumi.ComponentResourceOptions): Machine {
    const { digest, disk, format, kernel, initrd, kernelArguments } = this.image;
    const place = { stateFolder: `.lab/stacks/${this.lab.stack}`, machineName: args.plan.name };
    const resource = new VirtualMachine(
      name,
      {
        ...place,
        image: { digest, disk, format, kernel, initrd, kernelArguments },
        memoryMiB: args.plan.memoryMiB,
        cpus: args.plan.cpus,
        accelerator: this.platform.accelerator,
        nics: this.nics(args),
        // A client is somebody's machine, with what was installed on it.
        disposable: args.plan.role === "gateway",
        documents: args.documents,
      },
      opts,
    );
    return {
      resource,
      id: resource.id,
      powerOn: resource.powerOn,
      console: resource.consoleLog,
      ssh:
        args.plan.role === "gateway"
          ? {
              host: resource.sshHost.apply((host) => required(host, name)),
              port: resource.sshPort.apply((port) => required(port, name)),
            }
          : undefined,
      agent: place,
    };
  }

  private nics({ plan, cards }: MachineArgs): NicInput[] {
    const lans = cards.map(({ mac, segment }): NicInput => ({
      kind: "segment",
      mac,
      segment: segment.apply(toSegmentReference),
    }));
    if (plan.role === "client") return lans;
    const { managementMac: mac } = plan;
    const uplink = [this.uplinkCard(plan), ...lans];
    return mac === undefined ? uplink : [...uplink, { kind: "user", mac, sshForward: true, restricted: true }];
  }

  private uplinkCard({ uplinkMac, managementMac }: GatewayPlan): NicInput {
    const { uplink } = this.platform;
    switch (uplink.kind) {
      case "nat":
        return { kind: "user", mac: uplinkMac, sshForward: managementMac === undefined, restricted: false };
      case "bridged":
        return { kind: "bridge", mac: uplinkMac, bridge: uplink.bridge };
    }
  }
}

function toSegmentReference(network: Readonly<Record<string, string | number>>): SegmentReference {
  const { group, port } = network;
  if (typeof group !== "string" || typeof port !== "number") {
    throw new Error(`A LAN segment of another platform was given to qemu: ${JSON.stringify(network)}`);
  }
  return { group, port };
}

function required<T>(value: T | undefined, name: string): T {
  if (value === undefined) {
    throw new Error(`${name} has no forwarded SSH port although one of its network cards asks for it.`);
  }
  return value;
}
