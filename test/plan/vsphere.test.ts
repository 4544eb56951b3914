import { macAddress } from "../../plan/identity";
import { cardOf } from "../../plan/interfaces";
import { clientMacs, gatewayMacs } from "../../plan/mac";
import { lanOf, planOf } from "../fixtures/plan";
import { platformWith } from "./bad-vsphere";

const identity = { project: "ipv6-only-lab", stack: "test" };
const lan = { name: "lan", card: "lan" };
const vmwareStatic = /^00:50:56:[0-3][0-9a-f](:[0-9a-f]{2}){2}$/;
const vsphere = (changes: Readonly<Record<string, unknown>> = {}) => planOf(platformWith(changes));

describe("the plan of a lab on vSphere", () => {
  it("takes the template for the image, and the port group for the uplink", () => {
    const plan = vsphere();
    expect(plan.guest).toEqual({ kind: "generic", extraPackages: [] });
    expect(plan.platform).toMatchObject({ uplink: { kind: "portGroup", network: "VM Network" } });
    expect(plan.uplink).toMatchObject({ ipv4: { kind: "dhcp" }, ipv6: "none" });
  });

  it("asks the uplink's own resolvers: there is no SLIRP", () => {
    expect(vsphere().dns).toMatchObject({ forwarders: ["127.0.0.53"], dnssec: "auto" });
  });

  it("names the lab in its folder and in every machine's notes", () => {
    expect(vsphere({ folder: "labs/net", note: "Ask Ada." }).platform).toMatchObject({
      folder: "labs/net/ipv6-only-lab-test",
      annotation: "Made by Pulumi: project ipv6-only-lab, stack test.\nAsk Ada.",
    });
  });

  it("says all that a lab is made of there, and nothing else", () => {
    expect(vsphere().platform).toStrictEqual({
      kind: "vsphere",
      datacenter: "dc1",
      placement: { kind: "cluster", name: "cluster1" },
      storage: { kind: "datastore", name: "ds1" },
      folder: "ipv6-only-lab-test",
      template: "debian-13",
      uplink: { kind: "portGroup", network: "VM Network" },
      segments: [{ network: "lan", kind: "distributedPortGroup", switch: "dvs1", vlan: 1234 }],
      antiAffinity: undefined,
      tagCategory: undefined,
      annotation: "Made by Pulumi: project ipv6-only-lab, stack test.",
      addressTimeout: 900,
    });
  });

  it.each<[string, Readonly<Record<string, unknown>>, object]>([
    ["on one host", { placement: { host: "esx1" } }, { placement: { kind: "host", name: "esx1" } }],
    [
      "in a pool of resources",
      { placement: { resourcePool: "pool1" } },
      { placement: { kind: "resourcePool", name: "pool1" } },
    ],
    [
      "with disks where DRS puts them",
      { datastore: undefined, datastoreCluster: "dsc1" },
      { storage: { kind: "datastoreCluster", name: "dsc1" } },
    ],
    ["with clients that DRS keeps apart", { spreadClients: true }, { antiAffinity: { cluster: "cluster1" } }],
    [
      "on a port group of one host",
      { placement: { host: "esx1" }, lanSegment: { hostPortGroup: { switch: "vSwitch0", vlan: 7 } } },
      { segments: [{ network: "lan", kind: "hostPortGroup", host: "esx1", switch: "vSwitch0", vlan: 7 }] },
    ],
    [
      "on a port group that is there",
      { lanSegment: { portGroup: "lab-lan" } },
      { segments: [{ network: "lan", kind: "portGroup", name: "lab-lan", key: "platform.lanSegment.portGroup" }] },
    ],
    [
      "with a tag, and more time for an address",
      { tagCategory: "labs", addressTimeout: 60 },
      { tagCategory: "labs", addressTimeout: 60 },
    ],
  ])("can be %s", (_how, changes, expected) => {
    expect(vsphere(changes).platform).toMatchObject(expected);
  });

  it("gives each of several networks its own VLAN, or its own port group", () => {
    const on = (lanSegment: object, own: readonly object[]) =>
      planOf({
        ...platformWith({ lanSegment, placement: { host: "esx1" } }),
        networks: own.map((each, index) => ({ name: `n${index}`, scenario: "ipv6-only-nat64", ...each })),
      }).platform;
    const vlans = [{ vlan: 7 }, { vlan: 8 }];
    expect(on({ hostPortGroup: { switch: "vSwitch0", vlan: 0 } }, vlans)).toMatchObject({
      segments: [
        { network: "n0", kind: "hostPortGroup", vlan: 7 },
        { network: "n1", kind: "hostPortGroup", vlan: 8 },
      ],
    });
    expect(on({ distributedPortGroup: { switch: "dvs1", vlan: 1 } }, vlans)).toMatchObject({
      segments: [
        { network: "n0", kind: "distributedPortGroup", vlan: 7 },
        { network: "n1", kind: "distributedPortGroup", vlan: 8 },
      ],
    });
    expect(on({ portGroup: "a" }, [{ portGroup: "b" }, { portGroup: "c" }])).toMatchObject({
      segments: [
        { network: "n0", kind: "portGroup", name: "b", key: "networks[0].portGroup" },
        { network: "n1", kind: "portGroup", name: "c", key: "networks[1].portGroup" },
      ],
    });
  });

  it("may have native IPv6 on the uplink, which no translation of this machine's stands before", () => {
    expect(planOf({ ...platformWith({}), uplink: { ipv6: "native" } }).uplink.ipv6).toBe("native");
  });

  it("warns of a host's port group without a VLAN", () => {
    const { warnings } = vsphere({
      placement: { host: "esx1" },
      lanSegment: { hostPortGroup: { switch: "vSwitch0" } },
    });
    expect(warnings.map(({ key }) => key)).toContain("platform.lanSegment.hostPortGroup.vlan");
  });
});

describe("MACs on vSphere", () => {
  it("are of the range for static ones, and each card's own, also among ten thousand clients", () => {
    const plan = planOf({ ...platformWith({}), clients: 10_000 });
    const { uplinkMac, managementMac } = plan.gateway;
    expect(managementMac).toBeUndefined();
    const macs = [uplinkMac, lanOf(plan).gatewayMac, ...plan.clients.map((client) => client.lanMac)];
    expect(new Set(macs).size).toBe(10_002);
    expect(macs.filter((mac) => !vmwareStatic.test(mac))).toEqual([]);
  });

  it("meet by their first hash among so many, so that some have another", () => {
    const names = Array.from({ length: 10_000 }, (_, index) => `client-${index + 1}`);
    const macs = clientMacs("vmware", identity, names, gatewayMacs("vmware", identity, [lan]));
    const others = names.filter((name) => macs.get(name) !== macAddress(identity, name, "lan", "vmware"));
    expect(others.length).toBeGreaterThan(0);
    expect(others.length).toBeLessThan(50);
  });

  it("of two networks that meet by their first hash are apart, and the same in whatever order they are written", () => {
    const networks = ["n339", "n3370"].map((name) => ({ name, card: cardOf(name) }));
    const first = networks.map(({ name }) => macAddress(identity, "gateway", `lan ${name}`, "vmware"));
    expect(first[0]).toBe(first[1]);
    const macs = gatewayMacs("vmware", identity, networks).networks;
    expect(macs.get("n3370")).toBe(first[0]);
    expect(macs.get("n339")).toBe(macAddress(identity, "gateway", "lan n339", "vmware", 1));
    const reversed = gatewayMacs("vmware", identity, [...networks].reverse()).networks;
    expect([...reversed].sort()).toEqual([...macs].sort());
  });

  it("of a client is none of the gateway's", () => {
    const first = macAddress(identity, "client-1", "lan", "vmware");
    const gateway = gatewayMacs("vmware", identity, [lan]);
    for (const meeting of [{ uplink: first }, { management: first }, { networks: new Map([["lan", first]]) }])
      expect(clientMacs("vmware", identity, ["client-1"], { ...gateway, ...meeting }).get("client-1")).not.toBe(first);
  });

  it("stay when clients come or are written in another order", () => {
    const few = Array.from({ length: 3000 }, (_, index) => `client-${index + 1}`);
    const many = Array.from({ length: 6000 }, (_, index) => `client-${index + 1}`).reverse();
    const [before, after] = [few, many].map((names) =>
      clientMacs("vmware", identity, names, gatewayMacs("vmware", identity, [lan])),
    );
    expect(few.filter((name) => before?.get(name) !== after?.get(name))).toEqual([]);
  });

  it("are a qemu lab's business no more than before: 46 bits of hash, locally administered", () => {
    const mac = gatewayMacs("local", identity, [lan]).networks.get("lan");
    expect(mac).toBe(macAddress(identity, "gateway", "lan"));
    expect(mac).toMatch(/^[0-9a-f][26ae]:/);
  });
});
