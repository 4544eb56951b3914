import { z } from "zod";
import { linkLocalOf } from "../plan/interface-id";
import { lan } from "../plan/interfaces";
import type { LabPlan } from "../plan/model";
import { runningUnits } from "../services";

/**
 * What a tool needs to look into a running lab: how to get in, and what the plan promised. The program exports it as
 * the secret stack output `access`; nothing else is read to verify a lab or to show its state.
 */
export type LabAccess = z.infer<typeof labAccessSchema>;
export type PromisedPlan = z.infer<typeof promisedSchema>;
export type ClientAccess = LabAccess["clients"][number];

const domains = z.array(z.string()).readonly();
const dhcpv6Options = { dnsServers: z.array(z.string()).readonly(), searchDomains: domains };

const promisedSchema = z.object({
  project: z.string(),
  stack: z.string(),
  platform: z.string(),
  uplink: z.object({ kind: z.string(), ipv6: z.enum(["none", "native", "nat66"]) }),
  lan: z.object({ prefix: z.string(), gatewayAddress: z.string(), mtu: z.number() }),
  /** The gateway's card on the LAN. */
  router: z.object({ mac: z.string(), linkLocal: z.string() }),
  nat64: z.object({
    prefix: z.string(),
    deniedIpv4: z.array(z.string()),
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
  searchDomains: domains,
  ipv4OnlyArpa: z.array(z.string()),
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
    pref64: z.union([z.object({ prefix: z.string(), lifetime: z.number() }), z.undefined()]),
  }),
  dhcpv6: z.discriminatedUnion("mode", [
    z.object({ mode: z.literal("off") }),
    z.object({ mode: z.literal("stateless"), ...dhcpv6Options }),
    z.object({
      mode: z.literal("stateful"),
      ...dhcpv6Options,
      pool: z.object({ first: z.string(), last: z.string() }),
      reservations: z.array(z.object({ mac: z.string(), address: z.string() })).readonly(),
    }),
  ]),
  verify: z.object({ url: z.string().optional(), timeout: z.number() }),
});

export const labAccessSchema = z.object({
  promised: promisedSchema,
  user: z.string(),
  privateKey: z.string(),
  gateway: z.object({ name: z.string(), host: z.string(), port: z.number(), hostKey: z.string(), console: z.string() }),
  clients: z.array(
    z.object({ name: z.string(), address: z.string(), lanMac: z.string(), hostKey: z.string(), console: z.string() }),
  ),
});

/** The part of the plan that a running lab is held against. */
export function promisedBy(plan: LabPlan): PromisedPlan {
  return promisedSchema.parse({
    ...plan,
    platform: plan.platform.kind,
    uplink: { kind: plan.platform.uplink.kind, ipv6: plan.uplink.ipv6 },
    router: { mac: plan.gateway.lanMac, linkLocal: linkLocalOf(plan.gateway.lanMac) },
    units: runningUnits(plan),
    synthesizeAll: plan.dns.synthesizeAll,
    searchDomains: plan.dns.searchDomains,
    ipv4OnlyArpa: plan.dns.ipv4OnlyArpa,
  });
}

/** Where the gateway reaches a client, whatever addresses the client has on its network or has lost. */
export function hostOf({ lanMac }: Pick<ClientAccess, "lanMac">): string {
  return `${linkLocalOf(lanMac)}%${lan}`;
}

/** What npm is to run for this lab. */
export function command({ stack }: PromisedPlan, name: string, ...words: readonly string[]): string {
  return ["npm run", name, "-- --stack", stack, ...words].join(" ");
}
