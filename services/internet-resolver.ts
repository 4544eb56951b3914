/**
 * What a resolver of the lab must be told of the simulated internet: options of unbound.conf(5). They are the same for
 * every resolver; which name servers it reaches follows from its own do-ip4 and do-ip6.
 */
import type { InternetPlan } from "../plan/internet";

/** For the `server:` clause. */
export function internetServerOptions({ kind, zone, nameServers }: InternetPlan): readonly string[] {
  const anchors = nameServers
    .flatMap(({ zones }) => zones)
    .flatMap(({ name, trustAnchor }) =>
      trustAnchor === undefined ? [] : [`trust-anchor: "${name}. DNSKEY ${trustAnchor.dnskey}"`],
    );
  return [
    // unbound answers for test. itself otherwise (RFC 6761).
    `local-zone: "${zone}." transparent`,
    // The root says that there is no such name, and signs it.
    `domain-insecure: "${zone}."`,
    ...anchors,
    // A server that was away for a moment is asked again in seconds, not after a quarter of an hour.
    "infra-host-ttl: 10",
    "infra-keep-probing: yes",
    // Nothing else exists.
    ...(kind === "simulated" ? ['local-zone: "." static'] : []),
  ];
}

/** A clause of its own. Iteration starts there: delegations are followed, unlike with a forward-zone. */
export function internetStubZone({ zone, resolveAt }: InternetPlan): readonly string[] {
  return [`name: "${zone}."`, ...resolveAt.map((address) => `stub-addr: ${address}`)];
}
