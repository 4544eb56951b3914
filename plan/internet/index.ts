/** The simulated internet: every address, name, path and fault of it, decided here. */
import type { LabIdentity } from "../identity";
import type { LabConfig } from "../schema";
import { faults, type Attempt, type FaultPlan } from "./faults";
import { good, hosts, nameServers, oddPlaces, pages, proxies, zone, type HostPlan, type ProxyPlan } from "./hosts";
import { pairs } from "./pairs";
import {
  deadEnds,
  internetPrefixes,
  link,
  paths,
  proxySubnet,
  type AddressPair,
  type DeadEndPlan,
  type PathPlan,
} from "./paths";
import { nameServerPlans, type NameServerPlan } from "./zones";

export type { Attempt, FaultColumn, FaultPlan, Outcome } from "./faults";
export type { HostPlan, ProxyPlan } from "./hosts";
export { internetPrefixes, type AddressPair, type DeadEndPlan, type PathPlan } from "./paths";
export type { NameServerPlan, ZonePlan } from "./zones";

export interface InternetPlan {
  /** `simulated`: there is no other. `both`: it is beside the real one. */
  readonly kind: "simulated" | "both";
  /** All of it lies in these. */
  readonly prefixes: { readonly ipv4: string; readonly ipv6: string };
  readonly link: { readonly gateway: AddressPair; readonly router: AddressPair };
  readonly paths: readonly PathPlan[];
  readonly deadEnds: readonly DeadEndPlan[];
  /** Without a final dot. */
  readonly zone: string;
  /** Where resolvers ask for the zone, IPv6 first. */
  readonly resolveAt: readonly string[];
  readonly nameServers: readonly NameServerPlan[];
  readonly hosts: readonly HostPlan[];
  readonly pages: Readonly<Record<keyof typeof pages, HostPlan>>;
  /** What pages name by its addresses alone: a literal of theirs is in no answer about the page's own name. */
  readonly literals: AddressPair;
  /** Addresses that behave otherwise than their path alone would have it. */
  readonly oddPlaces: Readonly<Record<keyof typeof oddPlaces, AddressPair>>;
  readonly proxies: readonly ProxyPlan[];
  readonly proxySubnet: { readonly ipv4: string; readonly ipv6: string };
  readonly pairs: readonly Attempt[];
  readonly faults: readonly FaultPlan[];
}

/** Undefined: there is only the real one. */
export function internetPlan({ internet }: LabConfig, identity: LabIdentity): InternetPlan | undefined {
  const { kind } = internet;
  if (kind === "real") return undefined;
  return {
    kind,
    prefixes: internetPrefixes,
    link,
    paths,
    deadEnds,
    zone,
    resolveAt: [...nameServers.everywhere.aaaa, ...nameServers.everywhere.a],
    nameServers: nameServerPlans(identity),
    hosts,
    pages,
    literals: good,
    oddPlaces,
    proxies,
    proxySubnet,
    pairs,
    faults,
  };
}

/** What proves that IPv4-only content is reached, where no other internet is. */
export function simulatedContent({ internet }: LabConfig): string | undefined {
  return internet.kind === "simulated" ? `http://v4only.${zone}/bytes` : undefined;
}
