/**
 * What leads a client's questions to the faulty resolver: nft cannot read what is asked, a program can
 * (verify/probes/faulty_resolver.py). Ports are rewritten where packets come from and go to a client, without a memory of
 * connections: a fault holds from the next packet on, and is over with it.
 */
import { rcodes, recordTypes } from "../plan/dns-parameters";
import type { PathEffect, PathFault } from "../plan/path-faults";
import { parseIpv4, parseIpv6 } from "../plan/prefix";

/** What such packets are known by until the firewall lets them in. */
export const faultyResolverMark = "0x53";

/** In the rules, the port at which the faulty resolver knows whose questions come; path-faults.sh defines it. */
const faultyResolverPort = "$resolver_port";

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

/** Response code; types of the questions that it is for, none: all; the record's data in hexadecimal, empty: no record. */
type FaultyAnswer = readonly [rcode: number, types: readonly number[], data: string];

/** For the program: what each fault answers. */
export function faultyAnswers(faults: readonly PathFault[]): Readonly<Record<string, FaultyAnswer>> {
  return Object.fromEntries(
    faults.flatMap(({ name, effect }) => {
      const answer = faultyAnswer(effect);
      return answer === undefined ? [] : [[name, answer]];
    }),
  );
}

function faultyAnswer(effect: PathEffect): FaultyAnswer | undefined {
  switch (effect.kind) {
    case "answer":
      return [rcodes[effect.rcode], effect.types.map((type) => recordTypes[type]), ""];
    case "wrong-record": {
      const { type, address } = effect;
      const data = type === "A" ? hexadecimal(parseIpv4(address), 4) : hexadecimal(parseIpv6(address), 16);
      return [rcodes.NOERROR, [recordTypes[type]], data];
    }
    default:
      return undefined;
  }
}

function hexadecimal(value: bigint, octets: number): string {
  return value.toString(16).padStart(2 * octets, "0");
}
