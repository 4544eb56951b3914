import { z } from "zod";
import { linkLocalOf } from "../plan/interface-id";
import type { LabPlan } from "../plan/model";
import { scenarios } from "../plan/scenario";
import { runningUnits } from "../services";

/**
 * What a tool needs to look into a running lab: how to get in, and what the plan promised. The program exports it as
 * the secret stack output `access`; nothing else is read to verify a lab or to show its state.
 */
export type LabAccess = z.infer<typeof labAccessSchema>;
export type PromisedPlan = z.infer<typeof promisedSchema>;
export type PromisedNetwork = PromisedPlan["networks"][number];
export type PromisedIpv6 = z.infer<typeof ipv6Schema>;
export type ClientAccess = LabAccess["clients"][number];

const domains = z.array(z.string()).readonly();
const dhcpv6Options = { dnsServers: z.array(z.string()).readonly(), searchDomains: domains };
const reservations = z.array(z.object({ mac: z.string(), address: z.string() })).readonly();
const range = z.object({ first: z.string(), last: z.string() });

const ipv6Schema = z.object({
  prefix: z.string(),
  gatewayAddress: z.string(),
  routerAdvertisements: z.object({
    minInterval: z.number(),
    maxInterval: z.number(),
    routerLifetime: z.number(),
    managed: z.boolean(),
    otherConfig: z.boolean(),
    prefix: z.object({
      onLink: z.boolean(),
      autonomous: z.boolean(),
      routerAddress: z.boolean(),
      validLifetime: z.number(),
      preferredLifetime: z.number(),
    }),
    rdnss: z.object({ servers: z.array(z.string()).readonly(), lifetime: z.number() }),
    dnssl: z.object({ domains, lifetime: z.number() }),
    pref64: z.object({ prefix: z.string(), lifetime: z.number() }).optional(),
  }),
  dhcpv6: z.discriminatedUnion("mode", [
    z.object({ mode: z.literal("off") }),
    z.object({ mode: z.literal("stateless"), ...dhcpv6Options }),
    z.object({ mode: z.literal("stateful"), ...dhcpv6Options, pool: range, reservations }),
  ]),
});

const ipv4Schema = z.object({
  prefix: z.string(),
  gatewayAddress: z.string(),
  pool: range,
  reservations,
  v6OnlyWait: z.number().optional(),
});

const outcome = z.enum(["works", "fails"]);

const transportAddress = z.object({ address: z.string(), port: z.number() });

const networkSchema = z.object({
  name: z.string(),
  scenario: z.enum(scenarios),
  card: z.string(),
  mtu: z.number(),
  /** The gateway's card on it. */
  router: z.object({ mac: z.string(), linkLocal: z.string() }),
  ipv6: ipv6Schema.optional(),
  ipv4: ipv4Schema.optional(),
  resolver: z.enum(["dns64", "plain"]),
  translated: z.boolean(),
  searchDomains: domains,
});

const promisedSchema = z.object({
  project: z.string(),
  stack: z.string(),
  platform: z.string(),
  uplink: z.object({ kind: z.string(), ipv6: z.enum(["none", "native", "nat66"]) }),
  /** What lies behind the gateway. */
  internet: z.enum(["real", "simulated", "both"]),
  networks: z.array(networkSchema).readonly(),
  nat64: z.object({
    prefix: z.string(),
    deniedIpv4: z.array(z.string()),
    /** Jool's, by its own names (jool-global(8)). */
    globals: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
    /** Services on clients that the IPv4 outside reaches at the gateway. */
    staticBindings: z
      .array(
        z.object({
          client: z.string(),
          protocol: z.enum(["TCP", "UDP"]),
          inside: transportAddress,
          outside: transportAddress,
        }),
      )
      .readonly(),
    /** Whether nobody outside may open any other TCP connection to a client. */
    dropExternallyInitiatedTcp: z.boolean(),
    pool4: z.discriminatedUnion("kind", [
      z.object({ kind: z.literal("automatic") }),
      z.object({
        kind: z.literal("explicit"),
        entries: z
          .array(z.object({ protocol: z.enum(["TCP", "UDP", "ICMP"]), prefix: z.string(), portRange: z.string() }))
          .readonly(),
      }),
    ]),
  }),
  /** systemd's units that run on the gateway. */
  units: z.array(z.string()).readonly(),
  synthesizeAll: z.boolean(),
  ipv4OnlyArpa: z.array(z.string()),
  verify: z.object({ url: z.string().optional(), timeout: z.number() }),
  /** The stack's own. */
  checks: z
    .array(
      z.object({
        title: z.string(),
        tries: z.discriminatedUnion("kind", [
          z.object({ kind: z.literal("command"), command: z.string() }),
          z.object({ kind: z.literal("url"), url: z.string() }),
        ]),
        clients: z.array(z.string()).readonly().optional(),
        timeout: z.number(),
        expected: z.record(z.string(), outcome),
      }),
    )
    .readonly(),
  /** What is tried of the simulated internet, pairs and faults; nothing where there is only the real one. */
  faults: z.array(
    z.object({
      name: z.string(),
      title: z.string(),
      /** Of the draft's table. */
      row: z.string(),
      url: z.string(),
      proxy: z.string().optional(),
      expected: z.object({
        "ipv4-only": outcome.optional(),
        "ipv6-only-strict": outcome.optional(),
        "nat64-dns64": outcome.optional(),
        "nat64-clat": outcome.optional(),
        "dual-stack": outcome.optional(),
      }),
      /** Octets: on a network whose MTU is no larger, it works. */
      pathMtu: z.number().optional(),
    }),
  ),
});

const addressesSchema = z.object({
  ipv6: z.string().optional(),
  ipv4: z.string().optional(),
});

export const labAccessSchema = z.object({
  promised: promisedSchema,
  /** What each network's segment is to the platform, by the network's name. */
  segments: z.record(z.string(), z.record(z.string(), z.union([z.string(), z.number()])).readonly()).readonly(),
  /** What the platform takes to tell where machines are, and to move them, beside SSH. */
  platformAccess: z.record(z.string(), z.unknown()).readonly().optional(),
  user: z.string(),
  privateKey: z.string(),
  gateway: z.object({ name: z.string(), host: z.string(), port: z.number(), hostKey: z.string(), console: z.string() }),
  clients: z.array(
    z.object({
      name: z.string(),
      /** The name of the network that it is on. */
      network: z.string(),
      /** Of that where it lives; absent: nobody has asked where it is, and it is taken to be there. */
      home: z.string().optional(),
      /** On every network, by the network's name. */
      addresses: z.record(z.string(), addressesSchema).readonly(),
      lanMac: z.string(),
      option108: z.boolean(),
      clat: z.boolean(),
      hostKey: z.string(),
      console: z.string(),
    }),
  ),
});

/** The part of the plan that a running lab is held against. */
export function promisedBy(plan: LabPlan): PromisedPlan {
  return promisedSchema.parse({
    ...plan,
    platform: plan.platform.kind,
    uplink: { kind: plan.platform.uplink.kind, ipv6: plan.uplink.ipv6 },
    internet: plan.internet?.kind ?? "real",
    networks: plan.networks.map((network) => ({
      ...network,
      router: { mac: network.gatewayMac, linkLocal: linkLocalOf(network.gatewayMac) },
    })),
    nat64: {
      ...plan.nat64,
      dropExternallyInitiatedTcp:
        plan.nat64.boundTcpOnly || plan.nat64.globals["drop-externally-initiated-tcp"] === true,
    },
    units: runningUnits(plan),
    synthesizeAll: plan.dns.synthesizeAll,
    ipv4OnlyArpa: plan.dns.ipv4OnlyArpa,
    checks: plan.ownChecks,
    faults: [...(plan.internet?.pairs ?? []), ...(plan.internet?.faults ?? [])],
  });
}

/** One line for each client that is not where it lives: somebody has moved it, and perhaps died before it was home again. */
export function awayLines({ promised, clients }: LabAccess): string[] {
  return clients.flatMap(({ name, network, home }) =>
    home === undefined || home === network
      ? []
      : [`${name} is on ${network} and lives on ${home}: ${command(promised, "up")} brings it home.`],
  );
}

/** Whether an answer from another server than the one that was asked is kept out (RFC 4787 section 5). */
export function filtersByAddress({ nat64: { globals } }: PromisedPlan): boolean {
  return globals["address-dependent-filtering"] === true;
}

/** Whether clients' IPv6 leaves for the real internet, as it is or by NAT66. */
export function routesIpv6({ uplink, internet }: PromisedPlan): boolean {
  return uplink.ipv6 !== "none" && internet !== "simulated";
}

/** Why no ping is translated; undefined: they are. */
export function whyNoPings({ nat64: { globals, pool4 } }: PromisedPlan): string | undefined {
  if (globals["drop-icmpv6-info"] === true) return "nat64.dropIcmpv6Info is on";
  return hasPool(pool4, "ICMP") ? undefined : "nat64.pool4 has no entry for ICMP";
}

/** Whether the translator has addresses for a protocol: those that are written down are all. */
export function hasPool(pool4: PromisedPlan["nat64"]["pool4"], protocol: "TCP" | "UDP" | "ICMP"): boolean {
  return pool4.kind === "automatic" || pool4.entries.some((entry) => entry.protocol === protocol);
}

/** The network that a client is on. */
export function networkOf(lab: Pick<LabAccess, "promised">, { network }: ClientAccess): PromisedNetwork {
  return networkNamed(lab, network);
}

export function networkNamed({ promised }: Pick<LabAccess, "promised">, name: string): PromisedNetwork {
  const network = promised.networks.find((each) => each.name === name);
  if (network === undefined) throw new Error(`There is no network ${name}.`);
  return network;
}

/**
 * What IPv4 address a client is to have by DHCPv4 on a network. One that honours option 108 does without where that is
 * offered (RFC 8925).
 */
export function nativeIpv4(
  { addresses, option108 }: ClientAccess,
  { name, ipv4 }: PromisedNetwork,
): string | undefined {
  return option108 && ipv4?.v6OnlyWait !== undefined ? undefined : addresses[name]?.ipv4;
}

/**
 * Whether a client's CLAT is to run on a network: where there is a translator that it can find (RFC 8781, RFC 7050), and
 * no IPv4 of the network's own.
 */
export function runsClat(client: ClientAccess, network: PromisedNetwork): boolean {
  const { ipv6, resolver, translated } = network;
  const found = ipv6?.routerAdvertisements.pref64 !== undefined || resolver === "dns64";
  return client.clat && translated && found && nativeIpv4(client, network) === undefined;
}

/** What a client has of IPv4 on a network: the network's own, 464XLAT's, or nothing. */
export type Ipv4Way = "native" | "clat" | "none";

export function ipv4Way(client: ClientAccess, network: PromisedNetwork): Ipv4Way {
  if (nativeIpv4(client, network) !== undefined) return "native";
  return runsClat(client, network) ? "clat" : "none";
}

/**
 * How content comes that only IPv4 has: to any program that asks for it by name; to one that puts its address into the prefix
 * of the advertisements (RFC 8781); not at all.
 */
export type WayToIpv4Content = "name" | "prefix" | "none";

export function wayToIpv4Content(client: ClientAccess, network: PromisedNetwork): WayToIpv4Content {
  const { resolver, translated } = network;
  if (ipv4Way(client, network) !== "none") return "name";
  if (!translated) return "none";
  return resolver === "dns64" ? "name" : "prefix";
}

/** The lab's own prefixes, as `redact` of report/ takes them. */
export function ownPrefixes({ promised: { networks, nat64 } }: Pick<LabAccess, "promised">) {
  const { pool4, staticBindings, prefix } = nat64;
  return {
    lan: networks.flatMap(({ ipv6 }) => ipv6?.prefix ?? []),
    nat64: prefix,
    outside: [
      ...(pool4.kind === "explicit" ? pool4.entries.map((entry) => entry.prefix) : []),
      ...staticBindings.map(({ outside }) => `${outside.address}/32`),
    ],
  };
}

/** A client's addresses where it is. */
export function addressesOf({ network, addresses }: Pick<ClientAccess, "network" | "addresses">): string[] {
  const { ipv6, ipv4 } = addresses[network] ?? {};
  return [ipv6, ipv4].filter((address) => address !== undefined);
}

/** The gateway's addresses on a network, IPv6 first. */
export function gatewayAddresses({ ipv6, ipv4 }: Pick<PromisedNetwork, "ipv6" | "ipv4">): string[] {
  return [ipv6, ipv4].flatMap((family) => family?.gatewayAddress ?? []);
}

/**
 * Whom clients take for a default router by IPv6. Nobody where the gateway does not offer itself: its router lifetime is 0
 * (RFC 4861 section 4.2).
 */
export function defaultRouters({ ipv6, router }: Pick<PromisedNetwork, "ipv6" | "router">): string[] {
  return ipv6 === undefined || ipv6.routerAdvertisements.routerLifetime === 0 ? [] : [router.linkLocal];
}

/**
 * Whether the addresses that clients make of a network's prefix are deprecated from the first: its preferred lifetime is 0
 * (RFC 4862 section 5.5.4). Those that DHCPv6 gives have lifetimes of their own.
 */
export function announcesDeprecated({ ipv6 }: Pick<PromisedNetwork, "ipv6">): boolean {
  const prefix = ipv6?.routerAdvertisements.prefix;
  return prefix?.autonomous === true && prefix.preferredLifetime === 0;
}

/** Where the gateway reaches a client, whatever addresses the client has on its network or has lost. */
export function hostOf({ lanMac }: Pick<ClientAccess, "lanMac">, { card }: Pick<PromisedNetwork, "card">): string {
  return `${linkLocalOf(lanMac)}%${card}`;
}

/** What npm is to run for this lab. */
export function command({ stack }: Pick<PromisedPlan, "stack">, name: string, ...words: readonly string[]): string {
  return ["npm run", name, "-- --stack", stack, ...words].join(" ");
}
