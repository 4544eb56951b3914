import * as pulumi from "@pulumi/pulumi";
import * as vsphere from "@pulumi/vsphere";
import { guestinfo } from "../cloud-init/guestinfo";
import type { LabPlan, NetworkPlan, VspherePlatformPlan } from "../plan/model";
import { VsphereGuest, type VsphereGuestArgs } from "../provider/resources";
import type { VcenterLogin } from "../vcenter/session";
import type { LabMachines, Machine, MachineArgs, NetworkReference, Platform } from "./platform";
import type { VsphereSite } from "./vsphere-site";

/** GiB that the first disk has at least: the gateway's packages and compiler need room. */
const minimumDisk = 8;

/** Seconds that vCenter may take to show a port group that its host has made. */
const networkTimeout = 60;

/** Virtual machines in a vCenter, cloned from a template; the LAN segment is a port group. */
export class VspherePlatform implements Platform {
  private readonly common: CommonArgs;
  private readonly tagged: { readonly tags?: pulumi.Output<string>[] };
  /** Begins the names of all that the lab makes in vCenter. */
  private readonly prefix: string;
  /** What has tasks, and was asked for last. */
  private last: pulumi.Resource | undefined;
  /** Of the machines, by their names in the lab. */
  private readonly moids = new Map<string, pulumi.Output<string>>();
  /** The lab, as a dependency. */
  private readonly whole: Promise<pulumi.Resource> | undefined;

  constructor(
    name: string,
    private readonly lab: LabPlan,
    private readonly platform: VspherePlatformPlan,
    private readonly vcenter: { readonly login: VcenterLogin; readonly site: VsphereSite },
    opts: pulumi.ComponentResourceOptions,
  ) {
    this.prefix = `${lab.project}-${lab.stack}`;
    this.whole = opts.parent && byUrn(opts.parent);
    this.tagged = this.makeTag(name, opts);
    const folder = new vsphere.Folder(
      `${name}-folder`,
      { path: platform.folder, type: "vm", datacenterId: this.vcenter.site.datacenterId, ...this.tagged },
      this.inTurn(opts),
    );
    this.last = folder;
    this.common = this.commonArgs(folder);
  }

  /**
   * The plugin waits for each task of vCenter with one property collector (govmomi's `Task.WaitEx`, "not thread safe"):
   * of two operations that wait at once, one takes the other's news, which then waits for ever. So whatever has tasks is
   * made and changed after the one before. What is removed need not be neighbours, and may be left by a run that failed:
   * for the engine a dependency on a component is one on all inside it that is earlier in the state
   * (`DependencyGraph.DependenciesOf`), which orders any two.
   */
  private inTurn(opts: pulumi.CustomResourceOptions): pulumi.CustomResourceOptions {
    const { last, whole } = this;
    return pulumi.mergeOptions(opts, { dependsOn: [last, whole].filter((each) => each !== undefined) });
  }

  private makeTag(name: string, opts: pulumi.ComponentResourceOptions): { tags?: pulumi.Output<string>[] } {
    if (this.platform.tagCategory === undefined) return {};
    const tag = new vsphere.Tag(
      `${name}-tag`,
      {
        categoryId: required(this.vcenter.site.tagCategoryId, "tag category"),
        name: this.prefix,
        description: this.platform.annotation,
      },
      opts,
    );
    return { tags: [tag.id] };
  }

  segment(name: string, network: NetworkPlan, opts: pulumi.ComponentResourceOptions): NetworkReference {
    return this.segmentNetwork(name, network, opts).apply((networkId): Readonly<Record<string, string>> => ({
      networkId,
    }));
  }

  /** The managed object id of the segment's network. */
  private segmentNetwork(
    name: string,
    network: NetworkPlan,
    opts: pulumi.ComponentResourceOptions,
  ): pulumi.Output<string> {
    const segment = required(
      this.platform.segments.find((each) => each.network === network.name),
      `segment for ${network.name}`,
    );
    const portGroupName = `${this.prefix}-${network.card}`;
    switch (segment.kind) {
      case "portGroup":
        return pulumi.output(required(this.vcenter.site.segmentNetworkIds[network.name], "port group"));
      case "hostPortGroup": {
        const portGroup = new vsphere.HostPortGroup(
          name,
          {
            name: portGroupName,
            hostSystemId: required(this.vcenter.site.hostSystemId, "host"),
            virtualSwitchName: segment.switch,
            vlanId: segment.vlan,
          },
          pulumi.mergeOptions(opts, { deleteBeforeReplace: true }),
        );
        // Its id is not a network's, but is known only once the port group exists: then its name can be looked up.
        const { datacenterId } = this.vcenter.site;
        const wanted = { name: portGroupName, datacenterId, retryTimeout: networkTimeout };
        const invokeOptions = opts.parent === undefined ? {} : { parent: opts.parent };
        return portGroup.id.apply(() => vsphere.getNetwork(wanted, invokeOptions)).id;
      }
      case "distributedPortGroup": {
        const portGroup = new vsphere.DistributedPortGroup(
          name,
          {
            name: portGroupName,
            description: this.platform.annotation,
            distributedVirtualSwitchUuid: required(this.vcenter.site.switchUuid, "switch"),
            vlanId: segment.vlan,
            ...this.tagged,
          },
          this.inTurn(pulumi.mergeOptions(opts, { deleteBeforeReplace: true })),
        );
        this.last = portGroup;
        return portGroup.id;
      }
    }
  }

  virtualMachine(name: string, args: MachineArgs, opts: pulumi.ComponentResourceOptions): Machine {
    const { plan } = args;
    const machineName = `${this.prefix}-${plan.name}`;
    const place = `${this.platform.folder}/${machineName}`;
    const resource = new vsphere.VirtualMachine(
      name,
      {
        name: machineName,
        ...this.common,
        memory: plan.memoryMiB,
        numCpus: plan.cpus,
        networkInterfaces: this.networkInterfaces(args),
        // Secret, as the documents are.
        extraConfig: args.documents.apply((documents) => guestinfo(plan.name, documents)),
        // New documents make a new machine; what the guest itself writes there must not reboot this one.
        extraConfigRebootRequired: false,
        // A router's link-local address is never in the LAN's prefix, so that no guest here counts as routable.
        waitForGuestNetRoutable: false,
        waitForGuestNetTimeout: 0,
        shutdownWaitTimeout: 1,
      },
      this.inTurn(
        pulumi.mergeOptions(opts, {
          // Two machines of one name cannot be in one folder.
          deleteBeforeReplace: true,
          replaceOnChanges: ["extraConfig"],
        }),
      ),
    );
    this.last = resource;
    this.moids.set(plan.name, resource.moid);
    const { login: vcenter } = this.vcenter;
    const { addressTimeout } = this.platform;
    const guest = new VsphereGuest(
      `${name}-guest`,
      { vcenter, moid: resource.moid, place, addressTimeout, ...this.wanted(args) },
      pulumi.mergeOptions(opts, { deletedWith: resource }),
    );
    return {
      resource,
      id: resource.id,
      powerOn: guest.powerOn,
      console: pulumi.output(`Launch Web Console of ${place} in the vSphere Client`),
      ssh: plan.role === "gateway" ? { host: this.gatewayAddress(guest, place), port: pulumi.output(22) } : undefined,
    };
  }

  private networkInterfaces({ plan, cards }: MachineArgs) {
    const lans = pulumi.all(
      cards.map(({ mac, segment }) => segment.apply((network) => card(networkIdOf(network), mac))),
    );
    if (plan.role === "client") return lans;
    return lans.apply((others) => [card(this.vcenter.site.uplinkNetworkId, plan.uplinkMac), ...others]);
  }

  /** What comes from the template and from where the lab lies: the same for every machine, and so made once. */
  private commonArgs(folder: vsphere.Folder) {
    const { resourcePoolId, hostSystemId, storage, template } = this.vcenter.site;
    return {
      annotation: this.platform.annotation,
      folder: folder.path,
      resourcePoolId,
      ...(hostSystemId === undefined ? {} : { hostSystemId }),
      ...storage,
      clone: { templateUuid: template.id, timeout: 60 },
      guestId: template.guestId,
      firmware: template.firmware,
      scsiType: template.scsiType,
      disks: template.disks.map(diskLike),
      ...this.tagged,
    };
  }

  /**
   * On the gateway, by which everything else is reached, its first words are waited for. Its addresses are its own on each
   * network; a client must see that it is on another one.
   */
  private wanted({ plan, cards }: MachineArgs): Pick<VsphereGuestArgs, "hostName" | "addressOf" | "cards"> {
    if (plan.role === "client") {
      const placed = cards.map(({ mac, segment }) => segment.apply((to) => ({ mac, network: networkIdOf(to) })));
      return { cards: pulumi.all(placed) };
    }
    return { hostName: plan.name, ...(this.lab.uplink.ipv4.kind === "fixed" ? {} : { addressOf: plan.uplinkMac }) };
  }

  private gatewayAddress(guest: VsphereGuest, place: string): pulumi.Output<string> {
    const { ipv4 } = this.lab.uplink;
    if (ipv4.kind === "fixed") return pulumi.output(ipv4.address);
    return guest.address.apply((address) => required(address, `address of ${place}`));
  }

  access(): pulumi.Output<Readonly<Record<string, unknown>>> {
    const { login } = this.vcenter;
    return pulumi
      .all(Object.fromEntries(this.moids))
      .apply((moids): Readonly<Record<string, unknown>> => ({ vcenter: login, moids }));
  }

  /** With one client there is nobody to keep it apart from. */
  complete(name: string, { clients }: LabMachines, opts: pulumi.ComponentResourceOptions): void {
    if (this.platform.antiAffinity === undefined || clients.length < 2) return;
    new vsphere.ComputeClusterVmAntiAffinityRule(
      `${name}-apart`,
      {
        name: `${this.prefix}-clients`,
        computeClusterId: required(this.vcenter.site.clusterId, "cluster"),
        virtualMachineIds: clients.map(({ id }) => id),
        // With more clients than hosts the rule cannot hold, and the lab should still run.
        mandatory: false,
      },
      this.inTurn(opts),
    );
  }
}

type CommonArgs = ReturnType<VspherePlatform["commonArgs"]>;

/** In place of a component the SDK would name all that is inside, and wait for it: this names the component itself. */
function byUrn(component: pulumi.Resource): Promise<pulumi.Resource> {
  return new Promise((resolve) => {
    component.urn.apply((urn) => {
      resolve(new pulumi.DependencyResource(urn));
    });
  });
}

/** A clone keeps its template's disks, whose form must be said again. */
function diskLike(
  disk: vsphere.types.output.GetVirtualMachineDisk,
  index: number,
): vsphere.types.input.VirtualMachineDisk {
  return {
    label: `disk${index}`,
    size: index === 0 ? Math.max(disk.size, minimumDisk) : disk.size,
    thinProvisioned: disk.thinProvisioned,
    eagerlyScrub: disk.eagerlyScrub,
    unitNumber: disk.unitNumber,
  };
}

function networkIdOf(segment: Readonly<Record<string, string | number>>): string {
  const { networkId } = segment;
  if (typeof networkId !== "string") {
    throw new Error(`A LAN segment of another platform was given to vsphere: ${JSON.stringify(segment)}`);
  }
  return networkId;
}

/** The guest tells its cards apart by their MACs. */
function card(networkId: string, macAddress: string): vsphere.types.input.VirtualMachineNetworkInterface {
  return { networkId, adapterType: "vmxnet3", useStaticMac: true, macAddress };
}

function required<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(`vCenter gave no ${what}.`);
  return value;
}
