/**
 * The configuration below `ipv6-only-lab:` in Pulumi.<stack>.yaml: every key with its unit, default and source. The
 * JSON Schema for editors and the table in the documentation are made from this file (`npm run schema`).
 */
import { z } from "zod";
import * as field from "./fields";

const platform = z
  .union([
    z.enum(["qemu"]).transform((kind) => ({ kind, accelerator: "auto" as const })),
    z.strictObject({
      kind: z.enum(["qemu"]).default("qemu").describe("`qemu`: virtual machines on this machine, without root."),
      accelerator: z
        .enum(["auto", "kvm", "hvf", "tcg"])
        .default("auto")
        .describe(
          "`auto`: the best that a probe shows to work. `kvm` (Linux), `hvf` (macOS), `tcg` (software emulation) insist.",
        ),
    }),
  ])
  .prefault("qemu")
  .describe("Where the virtual machines run; a name alone is short for `{kind: name}`.");

const lan = z
  .strictObject({
    prefix: field
      .lanPrefix()
      .prefault("fc01:0:0:1::/64")
      .describe("IPv6 prefix of the LAN segment, a /64 (SLAAC needs 64 bits, RFC 4291 section 2.5.1)."),
    gatewayInterfaceId: field
      .interfaceId()
      .prefault("::1")
      .describe("The gateway's part of its LAN address: the lower 64 bits."),
    mtu: z
      .int()
      .min(1280)
      .max(9000)
      .default(1500)
      .describe("MTU of the LAN segment in octets; IPv6 needs 1280 (RFC 8200 section 5)."),
  })
  .prefault({})
  .describe("The LAN segment: isolated, IPv6 only.");

const pool4Entry = z.strictObject({
  protocol: z.enum(["TCP", "UDP", "ICMP"]).optional().describe("One protocol; without it the entry serves all three."),
  prefix: field.ipv4Prefix().describe("IPv4 address or prefix of the gateway on its uplink."),
  ports: field
    .portRange()
    .prefault("61001-65535")
    .describe("Ports (ICMP: identifiers), `first-last`. Must stay clear of the kernel's own 32768-60999."),
});

const nat64 = z
  .strictObject({
    prefix: field
      .nat64Prefix()
      .prefault("64:ff9b::/96")
      .describe("pool6: IPv4 addresses are embedded behind it; /32, /40, /48, /56, /64 or /96 (RFC 6052 section 2.2)."),
    pool4: z
      .union([z.literal("auto"), z.array(pool4Entry).min(1)])
      .prefault("auto")
      .describe("Source addresses and ports on the uplink. `auto`: the uplink's own address, ports 61001-65535."),
    deniedIpv4: z
      .array(field.ipv4Prefix())
      .prefault([])
      .describe(
        "IPv4 destinations that are never translated, beside private, shared, loopback, link-local, multicast and reserved addresses (RFC 6052 section 3.1), which are always denied.",
      ),
    allowedIpv4: z
      .array(field.ipv4Prefix())
      .prefault([])
      .describe("Exceptions from all denied destinations. Non-global ones need a network-specific `nat64.prefix`."),
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
        "Jool `drop-externally-initiated-tcp`: nobody outside opens a TCP connection to a client (RFC 6146 section 3.5.2.2).",
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
    timeouts: z
      .strictObject({
        tcpEstablished: field.seconds(1, 604_800).default(7200).describe("Seconds (Jool `tcp-est-timeout`)."),
        tcpTransitory: field.seconds(1, 604_800).default(240).describe("Seconds (Jool `tcp-trans-timeout`)."),
        udp: field.seconds(1, 604_800).default(300).describe("Seconds (Jool `udp-timeout`)."),
        icmp: field.seconds(1, 604_800).default(60).describe("Seconds (Jool `icmp-timeout`)."),
      })
      .prefault({})
      .describe("How long idle sessions live (RFC 6146 section 4)."),
  })
  .prefault({})
  .describe("The translator, Jool (RFC 6146).");

const dns = z
  .strictObject({
    forwarders: z
      .union([z.literal("uplink"), z.array(field.forwarder()).min(1)])
      .prefault("uplink")
      .describe(
        "Resolvers that unbound asks, `address` or `address@port`. `uplink`: what the uplink's network offers.",
      ),
    synthesizeAll: z
      .union([z.literal("auto"), z.boolean()])
      .default("auto")
      .describe("AAAA records from NAT64 even for names that have their own. `auto`: when the uplink has no IPv6."),
    dnssec: z
      .enum(["auto", "on", "off"])
      .default("auto")
      .describe("Validation. `auto`: when the forwarders hand signatures through."),
    searchDomains: z
      .array(field.domainName())
      .prefault([])
      .describe("Search domains, announced by RA (DNSSL, RFC 8106) and DHCPv6."),
  })
  .prefault({})
  .describe("The resolver, unbound, with DNS64 (RFC 6147).");

const routerAdvertisements = z
  .strictObject({
    minInterval: field
      .seconds(3, 49_151)
      .default(3)
      .describe("Seconds, MinRtrAdvInterval; at most 3/4 of `maxInterval` (RFC 4861 section 6.2.1)."),
    maxInterval: field
      .seconds(4, 65_535)
      .default(10)
      .describe("Seconds, MaxRtrAdvInterval (RFC 4861 section 6.2.1, RFC 8319 section 4)."),
    routerLifetime: field
      .seconds(0, 65_535)
      .optional()
      .describe("Seconds, AdvDefaultLifetime; 0: no default router. Unset: 3 × `maxInterval`."),
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
        validLifetime: field.seconds(1, 4_294_967_295).default(86_400).describe("Seconds, AdvValidLifetime."),
        preferredLifetime: field
          .seconds(0, 4_294_967_295)
          .default(14_400)
          .describe("Seconds, AdvPreferredLifetime; at most `validLifetime`."),
      })
      .prefault({})
      .describe("The prefix information option."),
    dnsLifetime: field
      .seconds(1, 4_294_967_295)
      .optional()
      .describe("Seconds, RDNSS and DNSSL lifetime. Unset: 3 × `maxInterval` (RFC 8106 section 5.1)."),
    pref64: z.boolean().default(true).describe("Announce the NAT64 prefix (PREF64, RFC 8781)."),
    pref64Lifetime: field
      .seconds(1, 65_528)
      .optional()
      .describe("Seconds, rounded up to a multiple of 8. Unset: 3 × `maxInterval` (RFC 8781 section 4.1)."),
  })
  .prefault({})
  .describe("Router advertisements, radvd (RFC 4861).");

const dhcpv6 = z
  .strictObject({
    mode: z
      .enum(["off", "stateless", "stateful"])
      .default("stateless")
      .describe("`stateless`: DNS options only. `stateful`: addresses too, a reserved one for every client."),
    pool: z
      .strictObject({
        first: field.interfaceId().prefault("::d000").describe("Interface id of the first address."),
        last: field.interfaceId().prefault("::dfff").describe("Interface id of the last address."),
      })
      .prefault({})
      .describe("Addresses for machines that the lab does not know, with `mode: stateful`."),
    preferredLifetime: field
      .seconds(60, 4_294_967_295)
      .default(600)
      .describe("Seconds that a leased address is preferred."),
    validLifetime: field.seconds(60, 4_294_967_295).default(7200).describe("Seconds that a leased address is valid."),
  })
  .prefault({})
  .describe("DHCPv6, Kea (RFC 8415).");

const uplink = z
  .strictObject({
    kind: z
      .enum(["nat", "bridged"])
      .default("nat")
      .describe("`nat`: behind this machine's own address. `bridged`: a machine of its own in the network outside."),
    bridge: field.interfaceName().optional().describe("The bridge to attach to, with `kind: bridged`."),
    ipv6: z
      .enum(["none", "native", "nat66"])
      .default("none")
      .describe(
        "`native`: the router outside routes `lan.prefix` to the gateway. `nat66`: clients go out behind the gateway's own IPv6 address.",
      ),
  })
  .prefault({})
  .describe("The gateway's way out.");

const memory = (minimum: number) => z.int().min(minimum).max(1_048_576);
const cpus = () => z.int().min(1).max(256);
const smallestClient = 256;

const gateway = z
  .strictObject({
    memory: memory(384)
      .default(1024)
      .describe("MiB. The gateway needs 1024 when it builds Jool itself (`image.jool: first-boot`)."),
    cpus: cpus()
      .default(1)
      .describe("Virtual CPUs. Under software emulation more than one is slower and less reliable."),
  })
  .prefault({})
  .describe("The gateway's size.");

const client = z.strictObject({
  name: field.hostname().describe("Host name, unique in the lab."),
  memory: memory(smallestClient).optional().describe("MiB. Unset: `clientDefaults.memory`."),
  cpus: cpus().optional().describe("Virtual CPUs. Unset: `clientDefaults.cpus`."),
  interfaceId: field
    .interfaceId()
    .optional()
    .describe(
      "Fixed lower 64 bits of the client's address, e.g. `::10`. Unset: made from the MAC (EUI-64) or reserved by DHCPv6.",
    ),
});

/** Pulumi hands a bare number over as text. */
const clientCount = z.preprocess(
  (value) => (typeof value === "string" && /^[1-9]\d{0,6}$/.test(value) ? Number(value) : value),
  z.int().min(1).max(10_000),
);

const clients = z
  .union([clientCount, z.array(client).min(1).max(10_000)])
  .prefault(1)
  .describe("How many clients (`client-1`, `client-2`, …), or a list of them.");

const clientDefaults = z
  .strictObject({
    memory: memory(smallestClient).default(512).describe("MiB."),
    cpus: cpus().default(1).describe("Virtual CPUs."),
  })
  .prefault({})
  .describe("Size of every client that does not say otherwise.");

const image = z
  .strictObject({
    kind: z
      .enum(["build", "cloud"])
      .default("build")
      .describe("`build`: a small image made here by mmdebstrap. `cloud`: a distribution's cloud image."),
    release: z.enum(["trixie"]).optional().describe("Debian release, with `kind: build`. Unset: trixie (Debian 13)."),
    mirror: field
      .httpUrl()
      .optional()
      .describe("Package mirror, with `kind: build`. Unset: the one that this machine uses."),
    jool: z
      .enum(["prebuilt", "first-boot"])
      .optional()
      .describe(
        "With `kind: build`: Jool's kernel module is in the image (unset, `prebuilt`), or the gateway builds it.",
      ),
    location: z.string().min(1).optional().describe("File or URL of the qcow2 or raw image, with `kind: cloud`."),
    sha256: field.sha256().optional().describe("Digest of the file, with `kind: cloud`; required for a URL."),
    extraPackages: z
      .array(field.debianPackage())
      .prefault([])
      .describe("Debian packages beside those that the lab needs."),
  })
  .prefault({})
  .describe("The guests' disk image.");

const ssh = z
  .strictObject({
    authorizedKeys: z
      .array(field.sshPublicKey())
      .prefault([])
      .describe("OpenSSH public keys that may log in as `lab`, beside the key that the lab makes for itself."),
  })
  .prefault({})
  .describe("Logging in.");

const verify = z
  .strictObject({
    url: field
      .httpUrl()
      .optional()
      .describe("What a client fetches to prove that it reaches IPv4. Unset: the guests' package mirror."),
    timeout: field.seconds(10, 86_400).default(600).describe("Seconds that the first `up` waits for the path to work."),
  })
  .prefault({})
  .describe("The checks that end `up`.");

export const configSchema = z.strictObject({
  platform,
  lan,
  nat64,
  dns,
  routerAdvertisements,
  dhcpv6,
  uplink,
  gateway,
  clients,
  clientDefaults,
  image,
  ssh,
  verify,
});

/** A configuration with its defaults filled in and its texts in canonical form. */
export type LabConfig = z.output<typeof configSchema>;
