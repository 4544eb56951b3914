/**
 * Services on clients that the IPv4 outside reaches at the gateway: static entries of the translator's binding table
 * (RFC 6146 section 3.2). Where a binding is to be is decided here, before there is a gateway.
 */
import type { PlannedClient } from "./clients";
import { link } from "./internet/paths";
import type { StaticBindingPlan } from "./model";
import { platformDecisions } from "./platforms";
import { portsOf } from "./port-range";
import { containsIpv4, formatIpv4, parseIpv4Prefix } from "./prefix";
import type { LabConfig } from "./schema";
import type { ConfiguredBinding } from "./schema/network";

/** What Jool takes without a pool4 (jool-pool4(8)). */
export const automaticPorts = { first: 61_001, last: 65_535 } as const;

/** Where the outside comes to; or why that is nowhere. */
export type Outside =
  | { readonly kind: "at"; readonly address: string }
  /** No part of pool4 has that port, or that address with that port. */
  | { readonly kind: "outside pool4"; readonly pool4: string }
  /** Several could be meant: an example. */
  | { readonly kind: "several"; readonly example: string }
  /** Only the uplink's network will know it. */
  | { readonly kind: "unknown" };

export function outsideOf(config: LabConfig, binding: ConfiguredBinding): Outside {
  const { pool4 } = config.nat64;
  return pool4 === "auto" ? ofAutomatic(config, binding) : ofExplicit(pool4, binding);
}

function ofAutomatic(config: LabConfig, { outsidePort, address }: ConfiguredBinding): Outside {
  const { first, last } = automaticPorts;
  // The last is the last that there is.
  if (outsidePort < first) return { kind: "outside pool4", pool4: `ports ${first}-${last}` };
  const known = address ?? ownAddress(config);
  return known === undefined ? { kind: "unknown" } : { kind: "at", address: known };
}

/** The address that the gateway is known to have outside, without a pool4 that says so. */
function ownAddress(config: LabConfig): string | undefined {
  if (config.internet.kind !== "real") return link.gateway.ipv4;
  const { uplinkIpv4 } = platformDecisions(config);
  return uplinkIpv4.kind === "fixed" ? uplinkIpv4.address : undefined;
}

function ofExplicit(
  pool4: Exclude<LabConfig["nat64"]["pool4"], "auto">,
  { protocol, outsidePort, address }: ConfiguredBinding,
): Outside {
  const fitting = pool4.filter(({ protocol: only = protocol, prefix, ports }) => {
    const { first, last } = portsOf(ports);
    const here = address === undefined || containsIpv4(prefix, address);
    return only === protocol && first <= outsidePort && outsidePort <= last && here;
  });
  if (fitting.length === 0)
    return { kind: "outside pool4", pool4: pool4.map(({ prefix, ports }) => `${prefix} ports ${ports}`).join(", ") };
  if (address !== undefined) return { kind: "at", address };
  const prefixes = fitting.map(({ prefix }) => parseIpv4Prefix(prefix));
  const [first = parseIpv4Prefix("0.0.0.0/32"), ...others] = prefixes;
  const example = formatIpv4(first.address);
  const single = first.length === 32 && others.every((each) => each.address === first.address && each.length === 32);
  return single ? { kind: "at", address: example } : { kind: "several", example };
}

/** Of a configuration that `checks/static-bindings.ts` has nothing to say about. */
export function staticBindingPlans(config: LabConfig, clients: readonly PlannedClient[]): readonly StaticBindingPlan[] {
  return config.nat64.staticBindings
    .flatMap((binding): StaticBindingPlan[] => {
      const client = clients.find(({ plan }) => plan.name === binding.client)?.plan;
      const ipv6 = client?.addresses[client.network]?.ipv6;
      const outside = outsideOf(config, binding);
      if (client === undefined || ipv6 === undefined || outside.kind !== "at") return [];
      const { protocol, port, outsidePort } = binding;
      return [
        {
          client: client.name,
          protocol,
          inside: { address: ipv6, port },
          outside: { address: outside.address, port: outsidePort },
        },
      ];
    })
    .sort((one, other) => (orderOf(one) < orderOf(other) ? -1 : 1));
}

function orderOf({ protocol, outside: { address, port } }: StaticBindingPlan): string {
  return `${protocol} ${address} ${String(port).padStart(5, "0")}`;
}
