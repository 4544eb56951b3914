/** The sections that describe the network: addresses, translation, names, announcements, the way out. */
import { z } from "zod";
import {
  domainName,
  forwarder,
  hostname,
  interfaceId,
  interfaceName,
  ipv4Address,
  ipv4Prefix,
  lanPrefix,
  nat64Prefix,
  portRange,
  seconds,
} from "../fields";

/** Octets. IPv6 needs 1280 (RFC 8200 section 5). */
export const mtu = () => z.int().min(1280).max(9000);

export const lan = z.strictObject({
  prefix: lanPrefix()
    .prefault("fc01:0:0:1::/64")
    .describe(
      "IPv6 prefix of the LAN segment, a /64 (SLAAC needs 64 bits, RFC 4291 section 2.5.1). With `networks` each has its own.",
    ),
  gatewayInterfaceId: interfaceId()
    .prefault("::1")
    .describe("The gateway's part of its LAN address: the lower 64 bits."),
  mtu: mtu()
    .default(1500)
    .describe(
      "MTU of the LAN segment in octets; IPv6 needs 1280 (RFC 8200 section 5). A change across 1500 replaces the clients.",
    ),
});

const pool4Entry = z.strictObject({
  protocol: z
    .enum(["TCP", "UDP", "ICMP"])
    .optional()
    .describe("One protocol; without it the entry serves all three. What no entry serves is not translated."),
  prefix: ipv4Prefix().describe("IPv4 address or prefix of the gateway on its uplink."),
  ports: portRange()
    .prefault("61001-65535")
    .describe("Ports (ICMP: identifiers), `first-last`, clear of the kernel's own 32768-60999, TCP 22 and UDP 68."),
});

const port = () => z.int().min(1).max(65_535);

const staticBinding = z.strictObject({
  client: hostname().describe("Whose service it is. That client lives on a network with NAT64."),
  protocol: z.enum(["TCP", "UDP"]).default("TCP").describe("What it speaks."),
  port: port().describe("Where the client listens."),
  outsidePort: port().describe("Where the outside comes to: a port of `pool4`, which has 61001-65535 by itself."),
  address: ipv4Address()
    .optional()
    .describe(
      "Which of the gateway's IPv4 addresses the outside comes to. Unset: the one that it has towards the simulated internet; or that of `pool4` or of the uplink where only one is known before there is a gateway.",
    ),
});

export type ConfiguredBinding = z.output<typeof staticBinding>;

export const nat64 = z.strictObject({
  prefix: nat64Prefix()
    .prefault("64:ff9b::/96")
    .describe("pool6: IPv4 addresses are embedded behind it; /32, /40, /48, /56, /64 or /96 (RFC 6052 section 2.2)."),
  pool4: z
    .union([z.literal("auto"), z.array(pool4Entry).min(1)])
    .prefault("auto")
    .describe("Source addresses and ports on the uplink. `auto`: the uplink's own address, ports 61001-65535."),
  deniedIpv4: z
    .array(ipv4Prefix())
    .prefault([])
    .describe(
      "IPv4 destinations that are never translated, beside private, shared, loopback, link-local, benchmarking, multicast and reserved addresses (RFC 6052 section 3.1).",
    ),
  allowedIpv4: z
    .array(ipv4Prefix())
    .prefault([])
    .describe(
      "Exceptions from the denied destinations. Non-global ones need a network-specific `nat64.prefix`; loopback, multicast and QEMU's user network, which leads to this machine, stay denied.",
    ),
  addressDependentFiltering: z
    .boolean()
    .default(false)
    .describe(
      "Jool `address-dependent-filtering`: only the host that a client spoke to may answer (RFC 6146 section 1.2.3).",
    ),
  dropExternallyInitiatedTcp: z
    .boolean()
    .default(true)
    .describe(
      "Nobody outside opens a TCP connection to a client (RFC 6146 section 3.5.2.2), except by `staticBindings`. Jool `drop-externally-initiated-tcp`, or the firewall where some are to be let in.",
    ),
  dropIcmpv6Info: z
    .boolean()
    .default(false)
    .describe("Jool `drop-icmpv6-info`: no ping through the translator (RFC 6146 section 3.5.3)."),
  handleRstDuringFinRcv: z
    .boolean()
    .default(true)
    .describe(
      "Jool `handle-rst-during-fin-rcv`: connections ended by FIN and RST free their port after minutes, not hours.",
    ),
  staticBindings: z
    .array(staticBinding)
    .max(1000)
    .prefault([])
    .describe(
      "Services on clients that are offered to the IPv4 outside (IPv6-only-DC; static entries of the binding table, RFC 6146 section 3.2). Nothing but what is listed gets in.",
    ),
  timeouts: z
    .strictObject({
      tcpEstablished: seconds(7200, 604_800).default(7200).describe("Seconds (Jool `tcp-est-timeout`)."),
      tcpTransitory: seconds(240, 604_800).default(240).describe("Seconds (Jool `tcp-trans-timeout`)."),
      udp: seconds(120, 604_800).default(300).describe("Seconds (Jool `udp-timeout`)."),
      icmp: seconds(1, 604_800).default(60).describe("Seconds (Jool `icmp-timeout`)."),
    })
    .prefault({})
    .describe("How long idle sessions live. Jool takes nothing below the minima of RFC 6146 section 4."),
});

export const dns = z.strictObject({
  forwarders: z
    .union([z.literal("uplink"), z.array(forwarder()).min(1)])
    .prefault("uplink")
    .describe("Resolvers that unbound asks, `address` or `address@port`. `uplink`: what the uplink's network offers."),
  synthesizeAll: z
    .union([z.literal("auto"), z.boolean()])
    .default("auto")
    .describe("AAAA records from NAT64 even for names that have their own. `auto`: when the uplink has no IPv6."),
  dnssec: z
    .enum(["auto", "on", "off"])
    .default("auto")
    .describe("Validation. `auto`: when the forwarders hand signatures through."),
  searchDomains: z
    .array(domainName())
    .prefault([])
    .describe("Search domains, announced by RA (DNSSL, RFC 8106) and DHCPv6."),
});

export const routerAdvertisements = z.strictObject({
  minInterval: seconds(3, 49_151)
    .default(3)
    .describe("Seconds, MinRtrAdvInterval; at most 3/4 of `maxInterval` (RFC 4861 section 6.2.1)."),
  maxInterval: seconds(4, 65_535)
    .default(10)
    .describe("Seconds, MaxRtrAdvInterval (RFC 4861 section 6.2.1, RFC 8319 section 4)."),
  routerLifetime: seconds(0, 65_535)
    .optional()
    .describe(
      "Seconds, AdvDefaultLifetime; 0: no default router, which a network with NAT64 needs. Unset: 3 × `maxInterval`.",
    ),
  managed: z.boolean().optional().describe("M flag. Unset: on with `dhcpv6.mode: stateful`."),
  otherConfig: z.boolean().optional().describe("O flag. Unset: on unless `dhcpv6.mode` is `off`."),
  prefix: z
    .strictObject({
      onLink: z.boolean().default(true).describe("L flag: addresses of the prefix are neighbours."),
      autonomous: z
        .boolean()
        .optional()
        .describe("A flag: clients make their own addresses (SLAAC). Unset: off with `dhcpv6.mode: stateful`."),
      routerAddress: z
        .boolean()
        .default(true)
        .describe("R flag (AdvRouterAddr): the prefix carries the gateway's whole address (RFC 6275 section 7.2)."),
      validLifetime: seconds(1, 4_294_967_295).default(86_400).describe("Seconds, AdvValidLifetime."),
      preferredLifetime: seconds(0, 4_294_967_295)
        .default(14_400)
        .describe(
          "Seconds, AdvPreferredLifetime; `maxInterval` to `validLifetime`, or 0 where clients have IPv4 too: deprecated from the first.",
        ),
    })
    .prefault({})
    .describe("The prefix information option."),
  dnsLifetime: seconds(1, 4_294_967_295)
    .optional()
    .describe("Seconds, RDNSS and DNSSL lifetime. Unset: 3 × `maxInterval` (RFC 8106 section 5.1)."),
  pref64: z
    .boolean()
    .default(true)
    .describe("Announce the NAT64 prefix (PREF64, RFC 8781), where the network has NAT64."),
  pref64Lifetime: seconds(1, 65_528)
    .optional()
    .describe("Seconds, rounded up to a multiple of 8. Unset: 3 × `maxInterval` (RFC 8781 section 4.1)."),
});

export const dhcpv6 = z.strictObject({
  mode: z
    .enum(["off", "stateless", "stateful"])
    .default("stateless")
    .describe("`stateless`: DNS options only. `stateful`: addresses too, a reserved one for every client."),
  pool: z
    .strictObject({
      first: interfaceId().prefault("::d000").describe("Interface id of the first address."),
      last: interfaceId().prefault("::dfff").describe("Interface id of the last address."),
    })
    .prefault({})
    .describe("Addresses for machines that the lab does not know, with `mode: stateful`."),
  preferredLifetime: seconds(60, 4_294_967_295).default(600).describe("Seconds that a leased address is preferred."),
  validLifetime: seconds(60, 4_294_967_295).default(7200).describe("Seconds that a leased address is valid."),
});

export const uplink = z.strictObject({
  kind: z
    .enum(["nat", "bridged"])
    .default("nat")
    .describe(
      "`nat`: behind this machine's own address. `bridged`: a machine of its own in the network outside. On vSphere `platform.uplinkNetwork` decides instead.",
    ),
  bridge: interfaceName().optional().describe("The bridge to attach to, with `kind: bridged`."),
  ipv6: z
    .enum(["none", "native", "nat66"])
    .default("none")
    .describe(
      "`native`: the router outside routes `lan.prefix` to the gateway. `nat66`: clients go out behind the gateway's own IPv6 address.",
    ),
});
