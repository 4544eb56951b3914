/**
 * What a network gives its hosts, in the words of draft-ietf-v6ops-ipv6-app-testing ("base connectivity scenarios"), and
 * one of operators, IPv6-mostly (RFC 8925).
 */
export const scenarios = ["ipv4-only", "dual-stack", "ipv6-only-nat64", "ipv6-only-strict", "ipv6-mostly"] as const;

export type Scenario = (typeof scenarios)[number];

export interface ScenarioTraits {
  /** The draft's own term. */
  readonly term: string;
  /** Native IPv4: DHCPv4 and NAT44. */
  readonly ipv4: boolean;
  /** Native IPv6: router advertisements. */
  readonly ipv6: boolean;
  /** IPv4 destinations can be reached by the NAT64 prefix. Elsewhere it is refused. */
  readonly nat64: boolean;
  /** The network offers to do without IPv4 (DHCPv4 option 108). */
  readonly ipv6OnlyPreferred: boolean;
}

export const traits: Readonly<Record<Scenario, ScenarioTraits>> = {
  "ipv4-only": { term: "IPv4-only", ipv4: true, ipv6: false, nat64: false, ipv6OnlyPreferred: false },
  "dual-stack": { term: "Dual-stack", ipv4: true, ipv6: true, nat64: false, ipv6OnlyPreferred: false },
  "ipv6-only-nat64": {
    term: "IPv6-only with NAT64",
    ipv4: false,
    ipv6: true,
    nat64: true,
    ipv6OnlyPreferred: false,
  },
  "ipv6-only-strict": { term: "IPv6-only-strict", ipv4: false, ipv6: true, nat64: false, ipv6OnlyPreferred: false },
  "ipv6-mostly": { term: "IPv6-mostly", ipv4: true, ipv6: true, nat64: true, ipv6OnlyPreferred: true },
};
