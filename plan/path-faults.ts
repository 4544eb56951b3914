/**
 * Faults of the way between a client and everything beyond the gateway, and of what its resolvers answer, which can be
 * switched on for one client and off again: the one list. Whoever lies on the lab's own networks is reached as before, the
 * gateway and its resolvers too, unless the fault is theirs. Profiles and delays are those of the simulated internet's paths.
 */
import type { Rcode, RecordType } from "./dns-parameters";
import { paths, sweepDelays } from "./internet/paths";

/** IPv4 is also what goes through NAT64: it is IPv4 that fails then, whatever the client's packets look like. */
export type FaultyFamily = "ipv6" | "ipv4";

export type PathEffect =
  /** Packets to a port vanish, or all. */
  | { readonly kind: "blackhole"; readonly port: number | undefined }
  /** `unreachable`: ICMP says so. `refused`: TCP is reset. */
  | { readonly kind: "unreachable" | "refused" }
  /** TCP connects, and is reset when the client begins a TLS handshake (RFC 8446 section 4.1.2), whatever the port. */
  | { readonly kind: "tls-reset" }
  /** Larger packets vanish without a word. Octets. */
  | { readonly kind: "mtu"; readonly mtu: number }
  | { readonly kind: "fragments" }
  /** Of a hundred packets in either direction. */
  | { readonly kind: "loss"; readonly percent: number }
  /** By tc-netem(8), on the way to the client. */
  | { readonly kind: "slow"; readonly profile: string }
  /** Questions to resolvers vanish, over UDP or over both. */
  | { readonly kind: "dns"; readonly transport: "udp" | "both" }
  /** Answers of resolvers are late. */
  | { readonly kind: "slow-dns"; readonly profile: string }
  /** What the lab's resolvers answer, without records, to questions for these types of records; none: for all. */
  | { readonly kind: "answer"; readonly rcode: Rcode; readonly types: readonly RecordType[] }
  /** The one record that they answer to questions for its type. */
  | { readonly kind: "wrong-record"; readonly type: RecordType; readonly address: string };

export interface PathFault {
  /** One word with hyphens. */
  readonly name: string;
  readonly title: string;
  readonly families: readonly FaultyFamily[];
  readonly effect: PathEffect;
}

export interface SlowProfile {
  readonly name: string;
  /** In the words of tc-netem(8). */
  readonly netem: string;
}

const profilePaths = ["mobile", "satellite", "bad-wifi"];

/** What `slow` and `slow-dns` choose from. */
export const slowProfiles: readonly SlowProfile[] = [
  ...profilePaths.map((name) => ({ name, netem: paths.find((path) => path.name === name)?.netem.fromServers ?? "" })),
  ...sweepDelays.map((delay) => ({ name: `delay-${delay}`, netem: `delay ${delay}ms` })),
];

const both: readonly FaultyFamily[] = ["ipv6", "ipv4"];

/** What resolvers answer to any question, or to those for one type. */
function ofAnswers(name: string, title: string, rcode: Rcode, ...types: readonly RecordType[]): PathFault {
  return { name: `dns-${name}`, title, families: both, effect: { kind: "answer", rcode, types } };
}

/** An address that is not the name's own. */
function ofRecord(name: string, title: string, type: RecordType, address: string): PathFault {
  return { name: `dns-${name}`, title, families: both, effect: { kind: "wrong-record", type, address } };
}

/** The same fault of either family. */
function ofOneFamily(name: string, title: string, effect: PathEffect): readonly PathFault[] {
  return both.map((family) => {
    const short = family === "ipv6" ? "v6" : "v4";
    return { name: `${short}-${name}`, title: `${title} over IP${short}`, families: [family], effect };
  });
}

export const pathFaults: readonly PathFault[] = [
  ...ofOneFamily("blackhole", "nobody answers", { kind: "blackhole", port: undefined }),
  ...ofOneFamily("http-blackhole", "port 80 is black-holed", { kind: "blackhole", port: 80 }),
  ...ofOneFamily("https-blackhole", "port 443 is black-holed", { kind: "blackhole", port: 443 }),
  ...ofOneFamily("unreachable", "ICMP says that nobody is there", { kind: "unreachable" }),
  ...ofOneFamily("refused", "TCP is refused", { kind: "refused" }),
  ...ofOneFamily("tls-reset", "TLS is reset in its handshake", { kind: "tls-reset" }),
  ...ofOneFamily("mtu-silent", "MTU 1280 and no Packet Too Big", { kind: "mtu", mtu: 1280 }),
  ...ofOneFamily("no-fragments", "fragments are dropped", { kind: "fragments" }),
  ...ofOneFamily("loss", "every fifth packet is lost", { kind: "loss", percent: 20 }),
  ...sweepDelays.flatMap((delay) =>
    ofOneFamily(`delay-${delay}`, `answers come ${delay} ms later`, { kind: "slow", profile: `delay-${delay}` }),
  ),
  ...[
    { name: "mobile", title: "a mobile network: 40 ms ± 10 ms, 0.5 % loss, 10 Mbit/s on the way to the client" },
    { name: "satellite", title: "a geostationary satellite: 300 ms, 5 Mbit/s on the way to the client" },
    { name: "bad-wifi", title: "bad Wi-Fi: 5 ms ± 15 ms, 4 % loss in bursts on the way to the client" },
  ].map(({ name, title }) => ({ name, title, families: both, effect: { kind: "slow", profile: name } as const })),
  {
    name: "dns-silent",
    title: "resolvers do not answer",
    families: both,
    effect: { kind: "dns", transport: "both" },
  },
  {
    name: "dns-tcp-only",
    title: "resolvers do not answer over UDP",
    families: both,
    effect: { kind: "dns", transport: "udp" },
  },
  {
    name: "slow-dns",
    title: "resolvers answer a second late",
    families: both,
    effect: { kind: "slow-dns", profile: "delay-1000" },
  },
  ofAnswers("nxdomain", "resolvers say that there is no such name", "NXDOMAIN"),
  ofAnswers("nodata", "resolvers know the name and no record of it", "NOERROR"),
  ofAnswers("servfail", "resolvers say that they failed", "SERVFAIL"),
  ofAnswers("refused", "resolvers refuse to answer", "REFUSED"),
  ofAnswers("no-aaaa", "resolvers give no IPv6 address, no synthesized one either", "NOERROR", "AAAA"),
  ofAnswers("no-a", "resolvers give no IPv4 address; what they synthesize of one they give", "NOERROR", "A"),
  // Addresses for documentation (RFC 3849, RFC 5737): nobody has them.
  ofRecord("wrong-aaaa", "the AAAA record is an address where nobody is", "AAAA", "2001:db8::bad"),
  ofRecord("wrong-a", "the A record is an address where nobody is", "A", "198.51.100.66"),
  // What a program with IPv6 sockets for both families may register by mistake (RFC 4291 section 2.5.5.2).
  ofRecord("mapped-aaaa", "the AAAA record is an IPv4-mapped address", "AAAA", "::ffff:192.0.2.40"),
  // As an inside view of the zone that reached the outside (RFC 1918).
  ofRecord("private-a", "the A record leads into private space", "A", "10.66.66.66"),
];

export type AnswerEffect = Extract<PathEffect, { readonly kind: "answer" | "wrong-record" }>;

/** Of what the lab's resolvers answer, not of the way. */
export function isOfAnswers(effect: PathEffect): effect is AnswerEffect {
  return effect.kind === "answer" || effect.kind === "wrong-record";
}
