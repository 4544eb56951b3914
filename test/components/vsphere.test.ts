import * as pulumi from "@pulumi/pulumi";
import { parse } from "yaml";
import { Ipv6OnlyLab } from "../../components/lab";
import { choosePlatform } from "../../components/platforms";
import { lookUpSite } from "../../components/vsphere-site";
import { parseConfig } from "../../plan/config";
import { planLab } from "../../plan/lab";
import type { LabPlan } from "../../plan/model";
import { labAccessSchema } from "../../verify/access";
import { platformWith } from "../plan/bad-vsphere";
import { type LookUp, RecordingMocks } from "./mocks";
import { lanOf } from "../fixtures/plan";

const virtualMachine = "vsphere:index/virtualMachine:VirtualMachine";
const guest = "lab:index:VsphereGuest";
const login = { server: "127.0.0.1:1", user: "lab@vsphere.local", password: "secret word", allowUnverifiedSsl: true };

const template = {
  id: "template-uuid",
  guestId: "debian12_64Guest",
  firmware: "efi",
  scsiType: "pvscsi",
  vappTransports: [],
  disks: [
    { label: "Hard disk 1", size: 3, thinProvisioned: true, eagerlyScrub: false, unitNumber: 0 },
    { label: "Hard disk 2", size: 5, thinProvisioned: false, eagerlyScrub: true, unitNumber: 1 },
  ],
};

const byName: LookUp = ({ name }) => ({ id: `id of ${String(name)}` });
const withPool: LookUp = ({ name }) => ({ id: `id of ${String(name)}`, resourcePoolId: `pool of ${String(name)}` });

const vcenter: Readonly<Record<string, LookUp>> = {
  "vsphere:index/getDatacenter:getDatacenter": byName,
  "vsphere:index/getDatastore:getDatastore": byName,
  "vsphere:index/getDatastoreCluster:getDatastoreCluster": byName,
  "vsphere:index/getHost:getHost": withPool,
  "vsphere:index/getComputeCluster:getComputeCluster": withPool,
  "vsphere:index/getResourcePool:getResourcePool": byName,
  "vsphere:index/getNetwork:getNetwork": byName,
  "vsphere:index/getDistributedVirtualSwitch:getDistributedVirtualSwitch": byName,
  "vsphere:index/getTagCategory:getTagCategory": byName,
  "vsphere:index/getVirtualMachine:getVirtualMachine": () => template,
};

function planOf(platform: Readonly<Record<string, unknown>>, more: Readonly<Record<string, unknown>> = {}): LabPlan {
  const config = parseConfig({ ...platformWith(platform), ...more });
  return planLab(config, { project: "ipv6-only-lab", stack: "test" });
}

async function register(
  platform: Readonly<Record<string, unknown>> = {},
  more: Readonly<Record<string, unknown>> = {},
  opts: pulumi.ComponentResourceOptions = {},
): Promise<{ mocks: RecordingMocks; plan: LabPlan }> {
  const mocks = new RecordingMocks(vcenter);
  await pulumi.runtime.setMocks(mocks, "ipv6-only-lab", "test");
  pulumi.runtime.setAllConfig({
    "vsphere:vsphereServer": login.server,
    "vsphere:user": login.user,
    "vsphere:password": login.password,
    "vsphere:allowUnverifiedSsl": "true",
  });
  const plan = planOf(platform, more);
  new Ipv6OnlyLab("lab", plan, await choosePlatform(plan), opts);
  await pulumi.runtime.disconnect();
  return { mocks, plan };
}

describe("a lab on a cluster with a distributed switch", () => {
  let mocks: RecordingMocks;
  let plan: LabPlan;
  beforeAll(async () => {
    ({ mocks, plan } = await register({ folder: "labs", note: "Ask Ada." }, { clients: 2 }));
  });

  it("is made of exactly these resources", () => {
    expect(mocks.registered.map(({ type, name }) => `${type} ${name}`).sort()).toEqual(
      [
        "command:remote:Command lab-client-1-network",
        "command:remote:Command lab-client-1-packages",
        "command:remote:Command lab-client-2-network",
        "command:remote:Command lab-client-2-packages",
        "command:remote:Command lab-gateway-services",
        "ipv6lab:index:Client lab-client-1",
        "ipv6lab:index:Client lab-client-2",
        "ipv6lab:index:Gateway lab-gateway",
        "ipv6lab:index:Ipv6OnlyLab lab",
        "lab:index:GatewayState lab-gateway-state",
        "lab:index:KeyPair lab-client-1-host-key",
        "lab:index:KeyPair lab-client-2-host-key",
        "lab:index:KeyPair lab-gateway-host-key",
        "lab:index:KeyPair lab-login-key",
        "lab:index:Verification lab-verification",
        "lab:index:VsphereGuest lab-client-1-guest",
        "lab:index:VsphereGuest lab-client-2-guest",
        "lab:index:VsphereGuest lab-gateway-guest",
        "vsphere:index/distributedPortGroup:DistributedPortGroup lab-lan",
        "vsphere:index/folder:Folder lab-folder",
        "vsphere:index/virtualMachine:VirtualMachine lab-client-1",
        "vsphere:index/virtualMachine:VirtualMachine lab-client-2",
        "vsphere:index/virtualMachine:VirtualMachine lab-gateway",
      ].sort(),
    );
  });

  it("looks every name up in its datacenter", () => {
    expect(
      mocks.called.map(({ token, inputs }) => `${token.split(":").at(-1) ?? ""} ${JSON.stringify(inputs)}`).sort(),
    ).toEqual([
      'getComputeCluster {"datacenterId":"id of dc1","name":"cluster1"}',
      'getDatacenter {"name":"dc1"}',
      'getDatastore {"datacenterId":"id of dc1","name":"ds1"}',
      'getDistributedVirtualSwitch {"datacenterId":"id of dc1","name":"dvs1"}',
      'getNetwork {"datacenterId":"id of dc1","name":"VM Network"}',
      'getVirtualMachine {"datacenterId":"id of dc1","name":"debian-13"}',
    ]);
  });

  it("makes a folder and a port group with the configured VLAN, named after the stack", () => {
    expect(mocks.one("vsphere:index/folder:Folder", "lab-folder").inputs).toEqual({
      path: "labs/ipv6-only-lab-test",
      type: "vm",
      datacenterId: "id of dc1",
    });
    expect(mocks.one("vsphere:index/distributedPortGroup:DistributedPortGroup", "lab-lan").inputs).toEqual({
      name: "ipv6-only-lab-test-lan",
      description: "Made by Pulumi: project ipv6-only-lab, stack test.\nAsk Ada.",
      distributedVirtualSwitchUuid: "id of dvs1",
      vlanId: 1234,
    });
  });

  it("clones the gateway from the template, with a card on the uplink and one on the segment", () => {
    const { inputs, secretInputs } = mocks.one(virtualMachine, "lab-gateway");
    const { extraConfig, ...rest } = inputs;
    expect(rest).toEqual({
      name: "ipv6-only-lab-test-gateway",
      annotation: "Made by Pulumi: project ipv6-only-lab, stack test.\nAsk Ada.",
      folder: "labs/ipv6-only-lab-test",
      resourcePoolId: "pool of cluster1",
      datastoreId: "id of ds1",
      clone: { templateUuid: "template-uuid", timeout: 60 },
      guestId: "debian12_64Guest",
      firmware: "efi",
      scsiType: "pvscsi",
      memory: plan.gateway.memoryMiB,
      numCpus: plan.gateway.cpus,
      disks: [
        { label: "disk0", size: 8, thinProvisioned: true, eagerlyScrub: false, unitNumber: 0 },
        { label: "disk1", size: 5, thinProvisioned: false, eagerlyScrub: true, unitNumber: 1 },
      ],
      networkInterfaces: [
        {
          networkId: "id of VM Network",
          adapterType: "vmxnet3",
          useStaticMac: true,
          macAddress: plan.gateway.uplinkMac,
        },
        { networkId: "lab-lan-id", adapterType: "vmxnet3", useStaticMac: true, macAddress: lanOf(plan).gatewayMac },
      ],
      extraConfigRebootRequired: false,
      waitForGuestNetRoutable: false,
      waitForGuestNetTimeout: 0,
      shutdownWaitTimeout: 1,
    });
    expect(secretInputs).toEqual(["extraConfig"]);
    expect(Object.keys(extraConfig ?? {}).sort()).toEqual([
      "guestinfo.metadata",
      "guestinfo.metadata.encoding",
      "guestinfo.userdata",
      "guestinfo.userdata.encoding",
    ]);
  });

  it("gives a client a card on the segment and nothing else", () => {
    expect(mocks.one(virtualMachine, "lab-client-2").inputs.networkInterfaces).toEqual([
      { networkId: "lab-lan-id", adapterType: "vmxnet3", useStaticMac: true, macAddress: plan.clients[1]?.lanMac },
    ]);
  });

  it("hands cloud-init the network by MAC inside the metadata", () => {
    const { extraConfig } = mocks.one(virtualMachine, "lab-client-1").inputs;
    const { "guestinfo.metadata": metadata, "guestinfo.userdata": userdata } = extraConfig as Record<string, string>;
    expect(parse(Buffer.from(metadata ?? "", "base64").toString())).toMatchObject({
      "instance-id": "ipv6-only-lab-test-client-1",
      "local-hostname": "client-1",
      network: { version: 2, ethernets: { lan: { match: { macaddress: plan.clients[0]?.lanMac } } } },
    });
    expect(Buffer.from(userdata ?? "", "base64").toString()).toMatch(/^#cloud-config\n/);
  });

  it("waits for the address of the gateway's uplink card, and for no client's", () => {
    expect(mocks.one(guest, "lab-gateway-guest")).toMatchObject({
      secretInputs: ["vcenter"],
      inputs: {
        vcenter: login,
        moid: "lab-gateway-moid",
        place: "labs/ipv6-only-lab-test/ipv6-only-lab-test-gateway",
        hostName: "gateway",
        addressOf: plan.gateway.uplinkMac,
        addressTimeout: 900,
      },
    });
    const { addressOf, hostName } = mocks.one(guest, "lab-client-1-guest").inputs;
    expect([addressOf, hostName]).toEqual([undefined, undefined]);
  });

  it("reaches the gateway at the address that its guest told", () => {
    const { inputs } = mocks.one("command:remote:Command", "lab-gateway-services");
    expect(inputs.connection).toMatchObject({ host: "192.0.2.77", port: 22 });
    const { target } = mocks.one("lab:index:Verification", "lab-verification").inputs;
    const { gateway, promised } = labAccessSchema.parse(JSON.parse(String(target)));
    expect(gateway).toMatchObject({
      host: "192.0.2.77",
      port: 22,
      console: "Launch Web Console of labs/ipv6-only-lab-test/ipv6-only-lab-test-gateway in the vSphere Client",
    });
    expect(promised).toMatchObject({ platform: "vsphere", uplink: { kind: "portGroup" } });
  });

  it("has MACs of the range that vSphere leaves to static ones", () => {
    const macs = [plan.gateway.uplinkMac, lanOf(plan).gatewayMac, ...plan.clients.map(({ lanMac }) => lanMac)];
    expect(new Set(macs).size).toBe(4);
    for (const mac of macs) expect(mac).toMatch(/^00:50:56:[0-3][0-9a-f]:[0-9a-f]{2}:[0-9a-f]{2}$/);
  });
});

describe("a lab on one host", () => {
  it("makes a port group on the host's switch, and finds its network by the name", async () => {
    const { mocks } = await register({
      placement: { host: "esx1" },
      lanSegment: { hostPortGroup: { switch: "vSwitch0", vlan: 77 } },
    });
    expect(mocks.one("vsphere:index/hostPortGroup:HostPortGroup", "lab-lan").inputs).toEqual({
      name: "ipv6-only-lab-test-lan",
      hostSystemId: "id of esx1",
      virtualSwitchName: "vSwitch0",
      vlanId: 77,
    });
    const { inputs } = mocks.one(virtualMachine, "lab-client-1");
    expect(inputs).toMatchObject({
      resourcePoolId: "pool of esx1",
      hostSystemId: "id of esx1",
      networkInterfaces: [{ networkId: "id of ipv6-only-lab-test-lan" }],
    });
  });
});

describe("a lab with several networks", () => {
  const networks = [
    { name: "nat64", scenario: "ipv6-only-nat64", vlan: 101 },
    { name: "strict", scenario: "ipv6-only-strict", vlan: 102 },
    { name: "v4", scenario: "ipv4-only", vlan: 103 },
  ];
  const clients = [{ name: "client-1", network: "strict" }];

  it("has a port group of its own for each, with its VLAN, made one after the other", async () => {
    const { mocks } = await register({}, { networks, clients });
    const groups = mocks.of("vsphere:index/distributedPortGroup:DistributedPortGroup");
    expect(groups.map(({ name, inputs }) => [name, inputs.name, inputs.vlanId])).toEqual([
      ["lab-lan-nat64", "ipv6-only-lab-test-lan-nat64", 101],
      ["lab-lan-strict", "ipv6-only-lab-test-lan-strict", 102],
      ["lab-lan-v4", "ipv6-only-lab-test-lan-v4", 103],
    ]);
    expect(new Set(groups.map(({ inputs }) => inputs.distributedVirtualSwitchUuid))).toEqual(new Set(["id of dvs1"]));
  });

  it("gives the gateway a card on each, and the client one where it lives", async () => {
    const { mocks, plan } = await register({}, { networks, clients });
    const cardsOf = (name: string) => mocks.one(virtualMachine, name).inputs.networkInterfaces;
    const card = (networkId: string, macAddress: string | undefined) => ({
      ...{ networkId, macAddress, adapterType: "vmxnet3", useStaticMac: true },
    });
    const [nat64, strict, v4] = plan.networks;
    expect(cardsOf("lab-gateway")).toEqual([
      card("id of VM Network", plan.gateway.uplinkMac),
      card("lab-lan-nat64-id", nat64?.gatewayMac),
      card("lab-lan-strict-id", strict?.gatewayMac),
      card("lab-lan-v4-id", v4?.gatewayMac),
    ]);
    expect(cardsOf("lab-client-1")).toEqual([card("lab-lan-strict-id", plan.clients[0]?.lanMac)]);
  });

  it("on one host has port groups of the host's, and on existing ones makes none", async () => {
    const onHost = await register(
      { placement: { host: "esx1" }, lanSegment: { hostPortGroup: { switch: "vSwitch0" } } },
      { networks, clients },
    );
    const groups = onHost.mocks.of("vsphere:index/hostPortGroup:HostPortGroup");
    expect(groups.map(({ inputs }) => [inputs.name, inputs.vlanId])).toEqual([
      ["ipv6-only-lab-test-lan-nat64", 101],
      ["ipv6-only-lab-test-lan-strict", 102],
      ["ipv6-only-lab-test-lan-v4", 103],
    ]);
    const existing = await register(
      { lanSegment: { portGroup: "not used" } },
      { networks: networks.map(({ name, scenario }) => ({ name, scenario, portGroup: `group-${name}` })), clients },
    );
    expect(existing.mocks.registered.filter(({ type }) => type.includes("PortGroup"))).toEqual([]);
    expect(existing.mocks.one(virtualMachine, "lab-client-1").inputs).toMatchObject({
      networkInterfaces: [{ networkId: "id of group-strict" }],
    });
  });

  it("lets the client's guest see when it was elsewhere, and never the gateway's", async () => {
    const { mocks, plan } = await register({}, { networks, clients });
    expect(mocks.one(guest, "lab-client-1-guest").inputs.cards).toEqual([
      { mac: plan.clients[0]?.lanMac, network: "lab-lan-strict-id" },
    ]);
    expect(mocks.one(guest, "lab-gateway-guest").inputs).not.toHaveProperty("cards");
  });

  it("records how to move a client, and looks at the lab again for no other password", async () => {
    const mocks = new RecordingMocks(vcenter);
    await pulumi.runtime.setMocks(mocks, "ipv6-only-lab", "test");
    const plan = planOf({}, { networks, clients });
    const lab = new Ipv6OnlyLab("lab", plan, await choosePlatform(plan));
    const access = await new Promise((resolve) => lab.access.apply(resolve));
    await pulumi.runtime.disconnect();
    expect(labAccessSchema.parse(access)).toMatchObject({
      segments: {
        nat64: { networkId: "lab-lan-nat64-id" },
        strict: { networkId: "lab-lan-strict-id" },
        v4: { networkId: "lab-lan-v4-id" },
      },
      platformAccess: { vcenter: login, moids: { "client-1": "lab-client-1-moid", gateway: "lab-gateway-moid" } },
    });
    const { target } = mocks.one("lab:index:Verification", "lab-verification").inputs;
    expect(String(target)).not.toContain(login.password);
  });
});

describe("a lab in a resource pool, on a datastore cluster, with a port group that exists", () => {
  it("makes no network, and leaves hosts and datastores to DRS", async () => {
    const { mocks } = await register({
      placement: { resourcePool: "cluster1/Resources/labs" },
      datastore: undefined,
      datastoreCluster: "pod1",
      lanSegment: { portGroup: "lab-lan" },
    });
    expect(mocks.registered.filter(({ type }) => type.includes("PortGroup"))).toEqual([]);
    const { inputs } = mocks.one(virtualMachine, "lab-client-1");
    expect(inputs).toMatchObject({
      resourcePoolId: "id of cluster1/Resources/labs",
      datastoreClusterId: "id of pod1",
      networkInterfaces: [{ networkId: "id of lab-lan" }],
    });
    expect(inputs).not.toHaveProperty("datastoreId");
    expect(inputs).not.toHaveProperty("hostSystemId");
  });
});

describe("a fixed address of the gateway", () => {
  it("is set by cloud-init, used for SSH, and not waited for", async () => {
    const { mocks, plan } = await register({
      gatewayAddress: { address: "192.0.2.10/24", gateway: "192.0.2.1", dns: ["192.0.2.53"] },
    });
    const { extraConfig } = mocks.one(virtualMachine, "lab-gateway").inputs;
    const metadata = Buffer.from((extraConfig as Record<string, string>)["guestinfo.metadata"] ?? "", "base64");
    expect(parse(metadata.toString())).toMatchObject({
      network: {
        ethernets: {
          uplink: {
            match: { macaddress: plan.gateway.uplinkMac },
            dhcp4: false,
            addresses: ["192.0.2.10/24"],
            routes: [{ to: "0.0.0.0/0", via: "192.0.2.1" }],
            nameservers: { addresses: ["192.0.2.53"] },
          },
        },
      },
    });
    expect(mocks.one("command:remote:Command", "lab-gateway-services").inputs.connection).toMatchObject({
      host: "192.0.2.10",
      port: 22,
    });
    const { addressOf, hostName } = mocks.one(guest, "lab-gateway-guest").inputs;
    expect([addressOf, hostName]).toEqual([undefined, "gateway"]);
  });
});

describe("clients that are to be spread", () => {
  const rule = "vsphere:index/computeClusterVmAntiAffinityRule:ComputeClusterVmAntiAffinityRule";

  it("get a rule of the cluster's DRS that does not forbid to run when hosts are few", async () => {
    const { mocks } = await register({ spreadClients: true }, { clients: 3 });
    expect(mocks.one(rule, "lab-apart").inputs).toEqual({
      name: "ipv6-only-lab-test-clients",
      computeClusterId: "id of cluster1",
      virtualMachineIds: ["lab-client-1-id", "lab-client-2-id", "lab-client-3-id"],
      mandatory: false,
    });
  });

  it("get none when there is only one", async () => {
    const { mocks } = await register({ spreadClients: true });
    expect(mocks.of(rule)).toEqual([]);
  });
});

describe("what the plugin waits for", () => {
  it("comes after the one before it, and after all of the lab that was there when it is removed", async () => {
    const dependsOn: [string, pulumi.Output<string[]>][] = [];
    const note: pulumi.ResourceTransformation = ({ type, name, opts }) => {
      if (!type.startsWith("vsphere:")) return undefined;
      const urns = pulumi
        .output(opts.dependsOn)
        .apply((given) => pulumi.all([given ?? []].flat().map(({ urn }) => urn)));
      dependsOn.push([name, urns.apply((all) => all.map((urn) => urn.split("::").at(-1) ?? ""))]);
      return undefined;
    };
    await register({ spreadClients: true, tagCategory: "labs" }, { clients: 2 }, { transformations: [note] });
    const seen = await new Promise((resolve) => pulumi.output(dependsOn).apply(resolve));
    expect(seen).toEqual([
      // Tags are no tasks.
      ["lab-tag", []],
      ["lab-folder", ["lab"]],
      ["lab-lan", ["lab-folder", "lab"]],
      ["lab-gateway", ["lab-lan", "lab"]],
      ["lab-client-1", ["lab-gateway", "lab"]],
      ["lab-client-2", ["lab-client-1", "lab"]],
      ["lab-apart", ["lab-client-2", "lab"]],
    ]);
  });
});

describe("a machine that is made anew", () => {
  it("has another id, which is what its services and packages are triggered by", async () => {
    const { mocks } = await register();
    for (const [command, machine] of [
      ["lab-gateway-services", "lab-gateway"],
      ["lab-client-1-packages", "lab-client-1"],
    ] as const) {
      // The plugin's id of a machine is its BIOS UUID, which no other machine ever has.
      expect(mocks.one("command:remote:Command", command).inputs.triggers).toEqual([`${machine}-id`]);
    }
  });
});

describe("a tag category", () => {
  it("gets a tag of the lab's name, which everything carries that can", async () => {
    const { mocks } = await register({ tagCategory: "labs" });
    expect(mocks.one("vsphere:index/tag:Tag", "lab-tag").inputs).toEqual({
      categoryId: "id of labs",
      name: "ipv6-only-lab-test",
      description: "Made by Pulumi: project ipv6-only-lab, stack test.",
    });
    for (const { type, inputs } of mocks.registered) {
      if (/VirtualMachine$|Folder$|DistributedPortGroup$/.test(type)) expect(inputs.tags).toEqual(["lab-tag-id"]);
    }
  });
});

describe("a vCenter that is not as configured", () => {
  const lookUp = async (answers: Readonly<Record<string, LookUp>>) => {
    await pulumi.runtime.setMocks(new RecordingMocks(answers), "ipv6-only-lab", "test");
    const plan = planOf({});
    if (plan.platform.kind !== "vsphere") throw new Error("The fixture is not on vSphere.");
    return lookUpSite(plan.platform, login);
  };

  it("is told as one that cannot be reached, when that is why nothing is found", async () => {
    const failing = lookUp({});
    await expect(failing).rejects.toThrow(/127\.0\.0\.1:1 cannot be reached.*vsphereServer/s);
    expect(pulumi.RunError.isInstance(await failing.catch((error: unknown) => error))).toBe(true);
  });

  it("is refused for a template that hands out vApp properties by CD-ROM", async () => {
    const answers = {
      ...vcenter,
      "vsphere:index/getVirtualMachine:getVirtualMachine": () => ({ ...template, vappTransports: ["iso"] }),
    };
    await expect(lookUp(answers)).rejects.toThrow(/platform\.template: debian-13[\s\S]*vApp/);
  });

  it("is refused for a template without a disk", async () => {
    const answers = {
      ...vcenter,
      "vsphere:index/getVirtualMachine:getVirtualMachine": () => ({ ...template, disks: [] }),
    };
    await expect(lookUp(answers)).rejects.toThrow(/has no disk/);
  });
});

describe("a vCenter without an account", () => {
  it("is told with the commands that set what is missing", async () => {
    await pulumi.runtime.setMocks(new RecordingMocks(vcenter), "ipv6-only-lab", "test");
    pulumi.runtime.setAllConfig({ "vsphere:vsphereServer": login.server });
    await expect(choosePlatform(planOf({}))).rejects.toThrow(/vsphere:user[\s\S]*--secret vsphere:password/);
  });
});
