/** Where a lab on VMware vSphere lies in a vCenter: everything by the name that the vSphere Client shows. */
import { z } from "zod";
import { inventoryPath, ipv4Address, ipv4Interface, seconds } from "../fields";

const name = () => z.string().min(1).max(80);

const vlan = (minimum: number) => z.int().min(minimum).max(4094);

const placement = z
  .strictObject({
    host: name().optional().describe("One host, by the name under which vCenter knows it."),
    cluster: name().optional().describe("A cluster: DRS chooses the hosts and may move machines later."),
    resourcePool: name()
      .optional()
      .describe("A resource pool, by its name or its path, e.g. `cluster1/Resources/labs`."),
  })
  .describe("Which hosts run the machines: exactly one of the three.");

const lanSegment = z
  .strictObject({
    portGroup: name().optional().describe("A port group that exists and that nothing else uses."),
    hostPortGroup: z
      .strictObject({
        switch: name().describe("The host's standard switch, e.g. `vSwitch0`."),
        vlan: vlan(0).default(0).describe("VLAN; 0: none, for a switch that carries this LAN alone."),
      })
      .optional()
      .describe("A port group that the lab makes on one host's standard switch; needs `placement.host`."),
    distributedPortGroup: z
      .strictObject({
        switch: name().describe("The distributed switch."),
        vlan: vlan(1).describe("VLAN that nothing else uses on the hosts' uplinks."),
      })
      .optional()
      .describe("A port group that the lab makes on a distributed switch: the LAN reaches over several hosts."),
  })
  .describe("What the LAN segment is made of: exactly one of the three.");

const gatewayAddress = z
  .union([
    z.enum(["reported"]),
    z.strictObject({
      address: ipv4Interface().describe("IPv4 address with the length of its network, e.g. `192.0.2.10/24`."),
      gateway: ipv4Address().describe("The uplink network's own router."),
      dns: z.array(ipv4Address()).min(1).describe("Resolvers of the gateway itself."),
    }),
  ])
  .prefault("reported")
  .describe("The gateway's IPv4 address on the uplink. `reported`: by DHCP, as VMware Tools tell it to vCenter.");

export const vspherePlatform = z.strictObject({
  kind: z.enum(["vsphere"]).describe("`vsphere`: virtual machines in a vCenter; docs/vsphere.md leads there."),
  datacenter: name().describe("The datacenter; one inside a folder by its path."),
  placement,
  datastore: name().optional().describe("Where the disks lie; this or `datastoreCluster`."),
  datastoreCluster: name().optional().describe("A datastore cluster: Storage DRS chooses the datastore."),
  folder: inventoryPath()
    .optional()
    .describe("An existing folder of virtual machines, in which the lab makes its own. Unset: the datacenter's."),
  template: name().describe("A template or machine with cloud-init and VMware Tools; it takes the place of `image`."),
  uplinkNetwork: name().describe("The network or port group of the gateway's uplink."),
  gatewayAddress,
  lanSegment,
  spreadClients: z
    .boolean()
    .default(false)
    .describe("Ask DRS to keep the clients on different hosts (an anti-affinity rule); needs `placement.cluster`."),
  tagCategory: name()
    .optional()
    .describe("An existing tag category, in which the lab makes a tag of its own name for everything it makes."),
  note: z.string().max(1000).optional().describe("Text to stand in every machine's notes beside the stack's name."),
  addressTimeout: seconds(30, 86_400)
    .default(900)
    .describe("Seconds from power-on that the gateway may take to boot and report its name and address."),
});
