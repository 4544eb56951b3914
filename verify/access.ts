import { z } from "zod";
import type { LabPlan } from "../plan/model";

/**
 * What a tool needs to look into a running lab: how to get in, and what the plan promised. The program exports it as
 * the secret stack output `access`; nothing else is read to verify a lab or to show its state.
 */
export type LabAccess = z.infer<typeof labAccessSchema>;
export type PromisedPlan = z.infer<typeof promisedSchema>;
export type ClientAccess = LabAccess["clients"][number];

const promisedSchema = z.object({
  project: z.string(),
  stack: z.string(),
  platform: z.string(),
  uplink: z.object({ kind: z.string(), ipv6: z.enum(["none", "native", "nat66"]) }),
  lan: z.object({ prefix: z.string(), gatewayAddress: z.string(), mtu: z.number() }),
  nat64: z.object({ prefix: z.string(), deniedIpv4: z.array(z.string()) }),
  synthesizeAll: z.boolean(),
  searchDomains: z.array(z.string()),
  ipv4OnlyArpa: z.array(z.string()),
  rdnss: z.array(z.string()),
  pref64: z.string().optional(),
  dhcpv6: z.enum(["off", "stateless", "stateful"]),
  /** The stateful addresses by client MAC. */
  reservations: z.record(z.string(), z.string()),
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
  return {
    project: plan.project,
    stack: plan.stack,
    platform: plan.platform.kind,
    uplink: { kind: plan.platform.uplink.kind, ipv6: plan.uplink.ipv6 },
    lan: { ...plan.lan },
    nat64: { prefix: plan.nat64.prefix, deniedIpv4: [...plan.nat64.deniedIpv4] },
    synthesizeAll: plan.dns.synthesizeAll,
    searchDomains: [...plan.dns.searchDomains],
    ipv4OnlyArpa: [...plan.dns.ipv4OnlyArpa],
    rdnss: [...plan.routerAdvertisements.rdnss.servers],
    ...(plan.routerAdvertisements.pref64 === undefined ? {} : { pref64: plan.routerAdvertisements.pref64.prefix }),
    dhcpv6: plan.dhcpv6.mode,
    reservations:
      plan.dhcpv6.mode === "stateful"
        ? Object.fromEntries(plan.dhcpv6.reservations.map(({ mac, address }) => [mac, address]))
        : {},
    verify: {
      timeout: plan.verify.timeout,
      ...(plan.verify.url === undefined ? {} : { url: plan.verify.url }),
    },
  };
}
