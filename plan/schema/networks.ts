/** The networks of a lab that has more than the one of the section `lan`. */
import { z } from "zod";
import { domainName, interfaceId, ipv4Network, lanPrefix, networkName } from "../fields";
import { scenarios } from "../scenario";
import { dhcpv6, mtu, routerAdvertisements } from "./network";

const network = z.strictObject({
  name: networkName().describe("Unique in the lab, at most 11 characters: it becomes part of a network card's name."),
  scenario: z
    .enum(scenarios)
    .describe(
      "`ipv4-only`: DHCPv4 and NAT44. `dual-stack`: both families. `ipv6-only-nat64`: IPv4 by translation. `ipv6-only-strict`: no way to IPv4, the NAT64 prefixes are refused. `ipv6-mostly`: dual-stack with NAT64 and DHCPv4 option 108 (RFC 8925).",
    ),
  prefix: lanPrefix()
    .optional()
    .describe(
      "IPv6 prefix, a /64. Unset: one of 2001:2::/48 (benchmarking, RFC 5180), made from the name: it looks global, as RFC 6724 wants where there is IPv4 too.",
    ),
  gatewayInterfaceId: interfaceId().optional().describe("The gateway's lower 64 bits there. Unset: as in `lan`."),
  mtu: mtu().optional().describe("Octets. Unset: as in `lan`."),
  ipv4: ipv4Network()
    .optional()
    .describe(
      "IPv4 network, /16 to /26, where the scenario has IPv4. Unset: a /24 of 192.168.0.0/16, made from the name.",
    ),
  dns64: z
    .boolean()
    .optional()
    .describe(
      "Whether the resolver synthesizes AAAA records. Unset: in `ipv6-only-nat64` alone, `ipv6-mostly` goes by PREF64 (RFC 8781). Elsewhere it cannot be true.",
    ),
  searchDomains: z.array(domainName()).optional().describe("Unset: as in `dns`."),
  routerAdvertisements: routerAdvertisements
    .prefault({})
    .describe("As the section of that name; what is left out is as it is there."),
  dhcpv6: dhcpv6.prefault({}).describe("As the section of that name; what is left out is as it is there."),
  portGroup: z.string().min(1).max(80).optional().describe("vSphere: the port group, with `lanSegment.portGroup`."),
  vlan: z.int().min(0).max(4094).optional().describe("vSphere: the VLAN of the port group that the lab makes for it."),
});

export type ConfiguredNetwork = z.output<typeof network>;

/** Each costs the gateway a network card. */
const mostNetworks = 8;

export const networks = z
  .array(network)
  .min(1)
  .max(mostNetworks)
  .optional()
  .describe("Networks that the gateway serves side by side. Unset: one, `ipv6-only-nat64`, of the section `lan`.");
