import type { BadInput } from "./bad-networks";

/** A platform on vSphere that works. */
export const vspherePlatform = {
  kind: "vsphere",
  datacenter: "dc1",
  placement: { cluster: "cluster1" },
  datastore: "ds1",
  template: "debian-13",
  uplinkNetwork: "VM Network",
  lanSegment: { distributedPortGroup: { switch: "dvs1", vlan: 1234 } },
};

/** The platform with other keys, and without those that are undefined here. */
export function platformWith(changes: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const merged: Readonly<Record<string, unknown>> = { ...vspherePlatform, ...changes };
  return { platform: Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== undefined)) };
}

const nat64 = { name: "nat64", scenario: "ipv6-only-nat64" };
const strict = { name: "strict", scenario: "ipv6-only-strict" };

const fixed = { address: "192.0.2.10/24", gateway: "192.0.2.1", dns: ["192.0.2.53"] };

/** Platforms on vSphere that cannot work. */
export const badVsphere: readonly BadInput[] = [
  [
    "a forwarder that is the gateway's own fixed address",
    { ...platformWith({ gatewayAddress: fixed }), dns: { forwarders: ["192.0.2.10"] } },
    "dns.forwarders[0]",
    /is the gateway itself/,
    /another resolver/,
  ],
  ["vsphere by its name alone", { platform: "vsphere" }, "platform", /needs more than its name/, /kind: vsphere/],
  ["a kind of platform that is none", { platform: { kind: "vsfere" } }, "platform.kind", /qemu, vsphere/, /vsphere/],
  ["no datacenter", platformWith({ datacenter: undefined }), "platform.datacenter", /missing/, /text/],
  ["no template", platformWith({ template: undefined }), "platform.template", /missing/, /text/],
  [
    "a mistyped key of vsphere",
    platformWith({ templat: "a" }),
    "platform.templat",
    /not a known key/,
    /platform\.template/,
  ],
  [
    "no placement",
    platformWith({ placement: {} }),
    "platform.placement",
    /host, cluster, resourcePool/,
    /placement\.host/,
  ],
  [
    "two placements",
    platformWith({ placement: { host: "esx1", cluster: "cluster1" } }),
    "platform.placement.cluster",
    /placement\.host exclude/,
    /Keep one/,
  ],
  [
    "two networks on one VLAN",
    {
      ...platformWith({}),
      networks: [
        { name: "a", scenario: "ipv6-only-nat64", vlan: 7 },
        { name: "b", scenario: "ipv6-only-strict", vlan: 7 },
      ],
    },
    "networks[1].vlan",
    /that of a too/,
    /segment of its own/,
  ],
  [
    "two networks on one port group",
    {
      ...platformWith({ lanSegment: { portGroup: "x" } }),
      networks: [
        { name: "a", scenario: "ipv6-only-nat64", portGroup: "x" },
        { name: "b", scenario: "ipv6-only-strict", portGroup: "x" },
      ],
    },
    "networks[1].portGroup",
    /that of a too/,
    /segment of its own/,
  ],
  [
    "a network on the uplink",
    {
      ...platformWith({ lanSegment: { portGroup: "x" } }),
      networks: [{ name: "a", scenario: "ipv6-only-nat64", portGroup: "VM Network" }],
    },
    "networks[0].portGroup",
    /uplink too/,
    /port group of its own/,
  ],
  [
    "a second network without a VLAN",
    { ...platformWith({}), networks: [{ ...nat64, vlan: 7 }, strict] },
    "networks[1].vlan",
    /strict needs a segment of its own/,
    /VLAN that nothing else uses/,
  ],
  [
    "a second network without a port group",
    { ...platformWith({ lanSegment: { portGroup: "x" } }), networks: [{ ...nat64, portGroup: "y" }, strict] },
    "networks[1].portGroup",
    /strict needs a segment of its own/,
    /port group that nothing else uses/,
  ],
  [
    "a network's VLAN where the LAN segment is a port group",
    { ...platformWith({ lanSegment: { portGroup: "x" } }), networks: [{ ...nat64, vlan: 7 }] },
    "networks[0].vlan",
    /does not go with platform\.lanSegment\.portGroup/,
    /Remove/,
  ],
  [
    "a network's port group where port groups are made",
    { ...platformWith({}), networks: [{ ...nat64, portGroup: "y" }] },
    "networks[0].portGroup",
    /does not go with platform\.lanSegment\.\*PortGroup/,
    /Remove/,
  ],
  ["no datastore", platformWith({ datastore: undefined }), "platform.datastore", /datastoreCluster/, /datastore/],
  [
    "a datastore and a datastore cluster",
    platformWith({ datastoreCluster: "pod" }),
    "platform.datastoreCluster",
    /exclude/,
    /Keep one/,
  ],
  [
    "no LAN segment",
    platformWith({ lanSegment: {} }),
    "platform.lanSegment",
    /portGroup, hostPortGroup, distributedPortGroup/,
    /portGroup/,
  ],
  [
    "a host's port group with a cluster that may move machines",
    platformWith({ lanSegment: { hostPortGroup: { switch: "vSwitch0", vlan: 7 } } }),
    "platform.lanSegment.hostPortGroup",
    /one host/,
    /placement\.host.*distributedPortGroup/,
  ],
  [
    "a distributed port group without a VLAN",
    platformWith({ lanSegment: { distributedPortGroup: { switch: "dvs1", vlan: 0 } } }),
    "platform.lanSegment.distributedPortGroup.vlan",
    /less than 1/,
    /1 or more/,
  ],
  [
    "the uplink as LAN segment",
    platformWith({ lanSegment: { portGroup: "VM Network" } }),
    "platform.lanSegment.portGroup",
    /isolated/,
    /its own/,
  ],
  [
    "clients spread without a cluster",
    platformWith({ placement: { host: "esx1" }, spreadClients: true }),
    "platform.spreadClients",
    /DRS/,
    /placement\.cluster/,
  ],
  [
    "a fixed address without its length",
    platformWith({ gatewayAddress: { ...fixed, address: "192.0.2.10" } }),
    "platform.gatewayAddress.address",
    /length/,
    /192\.0\.2\.10\/24/,
  ],
  ...["0", "31", "024", "24/24"].map((length): BadInput => [
    `a fixed address with a length that no network has, /${length}`,
    platformWith({ gatewayAddress: { ...fixed, address: `192.0.2.10/${length}` } }),
    "platform.gatewayAddress.address",
    /no length of its network, 1 to 30/,
    /192\.0\.2\.10\/24/,
  ]),
  [
    "a router in another network",
    platformWith({ gatewayAddress: { ...fixed, gateway: "198.51.100.1" } }),
    "platform.gatewayAddress.gateway",
    /not in the network/,
    /router/,
  ],
  [
    "the router's own address",
    platformWith({ gatewayAddress: { ...fixed, address: "192.0.2.1/24" } }),
    "platform.gatewayAddress.address",
    /router's/,
    /free/,
  ],
  [
    "the gateway at its network's own address",
    platformWith({ gatewayAddress: { ...fixed, address: "192.0.2.0/24" } }),
    "platform.gatewayAddress.address",
    /first or last address of 192\.0\.2\.0\/24/,
    /a machine/,
  ],
  [
    "a router at the broadcast address of its network",
    platformWith({ gatewayAddress: { ...fixed, gateway: "192.0.2.255" } }),
    "platform.gatewayAddress.gateway",
    /first or last/,
    /a machine/,
  ],
  [
    "a resolver at an address that nobody has",
    platformWith({ gatewayAddress: { ...fixed, dns: ["192.0.2.53", "0.0.0.0"] } }),
    "platform.gatewayAddress.dns[1]",
    /this network/,
    /a machine/,
  ],
  ["a folder with a slash behind", platformWith({ folder: "labs/" }), "platform.folder", /path of folders/, /labs/],
  ["a folder with a slash in front", platformWith({ folder: "/labs" }), "platform.folder", /path of folders/, /labs/],
  [
    "a disk image on vsphere",
    { ...platformWith({}), image: { kind: "cloud" } },
    "image.kind",
    /platform\.template/,
    /Remove/,
  ],
  [
    "an image's mirror on vsphere",
    { ...platformWith({}), image: { mirror: "http://example.com/" } },
    "image.mirror",
    /platform\.template/,
    /Remove/,
  ],
  ...["release", "jool", "location", "sha256"].map((key): BadInput => {
    const image = { release: "trixie", jool: "first-boot", location: "a", sha256: "a".repeat(64) };
    const own = Object.fromEntries(Object.entries(image).filter(([name]) => name === key));
    return [
      `an image's ${key} on vsphere`,
      { ...platformWith({}), image: own },
      `image.${key}`,
      /template takes its place/,
      /Remove/,
    ];
  }),
  [
    "a bridged uplink on vsphere",
    { ...platformWith({}), uplink: { kind: "bridged" } },
    "uplink.kind",
    /this machine/,
    /uplinkNetwork/,
  ],
  [
    "a bridge of this machine on vsphere",
    { ...platformWith({}), uplink: { bridge: "br0" } },
    "uplink.bridge",
    /vCenter/,
    /uplinkNetwork/,
  ],
  [
    "too little memory to build Jool on vsphere",
    { ...platformWith({}), gateway: { memory: 512 } },
    "gateway.memory",
    /build Jool/,
    /1024/,
  ],
];
