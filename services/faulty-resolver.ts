/**
 * What leads a client's questions to the faulty resolver: nft cannot read what is asked, a program can
 * (verify/probes/faulty_resolver.py). Ports are rewritten where packets come from and go to a client, without a memory of
 * connections: a fault holds from the next packet on, and is over with it.
 */
import { rcodes, recordTypes } from "../plan/dns-parameters";
import type { PathFault } from "../plan/path-faults";

/** What such packets are known by until the firewall lets them in. */
export const faultyResolverMark = "0x53";

/** In the rules, the port at which the faulty resolver knows whose questions come; path-faults.sh defines it. */
export const faultyResolverPort = "$resolver_port";

/**
 * Behind the other faults at ingress, so that silent resolvers are silent all the same; before them at egress, where what is
 * slow is known by port 53. A client's own faults come before everybody's: there is one port for each client that has some.
 */
export function toFaultyResolver(
  { ipv6, ipv4 }: { readonly ipv6: readonly string[]; readonly ipv4: readonly string[] },
  ofOneClient: boolean,
) {
  const ways = [
    { header: "ip6", addresses: ipv6 },
    { header: "ip", addresses: ipv4 },
  ]
    .filter(({ addresses }) => addresses.length > 0)
    .flatMap(({ header, addresses }) =>
      // Not `th`: its checksum nobody knows.
      ["udp", "tcp"].map((transport) => ({ header, transport, resolvers: `{ ${addresses.join(", ")} }` })),
    );
  return {
    fromClient: ways.map(
      ({ header, transport, resolvers }) =>
        `${header} daddr ${resolvers} ${transport} dport { 53, ${faultyResolverPort} } counter` +
        ` ${transport} dport set ${faultyResolverPort} meta mark set ${faultyResolverMark}`,
    ),
    toClient: ways.map(
      ({ header, transport, resolvers }) =>
        `${header} saddr ${resolvers} ${transport} sport ${faultyResolverPort} ${transport} sport set 53`,
    ),
    priorities: { ingress: ofOneClient ? 10 : 11, egress: -10 },
  };
}

/** For the program: what each fault answers, and to questions for which types; none: for all. */
export function faultyAnswers(faults: readonly PathFault[]): Readonly<Record<string, readonly [number, number[]]>> {
  return Object.fromEntries(
    faults.flatMap(({ name, effect }) =>
      effect.kind === "answer" ? [[name, [rcodes[effect.rcode], effect.types.map((type) => recordTypes[type])]]] : [],
    ),
  );
}
