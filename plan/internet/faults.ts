/**
 * The faults of the simulated internet: the one list. Each is always there under a name of its own, so that nothing must
 * be switched to meet it, and nobody else notices. What a client is to see is written beside it, for a client such as
 * curl with Happy Eyeballs (RFC 8305) that fetches `url`.
 */
import { bigName, good, ipv4Only, ipv6Only, oddPlaces, pages, zone, type HostPlan } from "./hosts";
import { deadEnds, place, placeOn, smallMtu, sweepDelays, type AddressPair } from "./paths";

/** The columns of the table of faults (draft-ietf-v6ops-ipv6-app-testing). */
export type FaultColumn = "ipv4-only" | "ipv6-only-strict" | "nat64-dns64" | "nat64-clat" | "dual-stack";

export type Outcome = "works" | "fails";

/** What a client tries, and what is right to come of it. */
export interface Attempt {
  /** One word with hyphens. */
  readonly name: string;
  readonly title: string;
  /** The draft's row. */
  readonly row: string;
  /** To be fetched, or a question by DNS over UDP (RFC 4501). */
  readonly url: string;
  /** Through which it is fetched, as curl takes it. */
  readonly proxy?: string;
  /** What is right to see; a column that is missing is left to the program that is tested. */
  readonly expected: Readonly<Partial<Record<FaultColumn, Outcome>>>;
  /**
   * Octets that fit the way. A network whose MTU is no larger has nothing that is too big for it: there it works. By IPv6
   * alone: advertisements tell hosts the MTU (RFC 4861 section 4.6.4), the lab's DHCPv4 does not.
   */
  readonly pathMtu?: number;
}

export interface FaultPlan extends Attempt {
  /** Its records in the zone; undefined: another zone or none has them. */
  readonly host: HostPlan | undefined;
}

export const everybody = (outcome: Outcome): FaultPlan["expected"] => ({
  "ipv4-only": outcome,
  "ipv6-only-strict": outcome,
  "nat64-dns64": outcome,
  "nat64-clat": outcome,
  "dual-stack": outcome,
});

/** Like the pair that is left when a family is missing or useless, as each column gets at it. */
export const ipv4Works: FaultPlan["expected"] = { ...everybody("works"), "ipv6-only-strict": "fails" };
export const ipv6Works: FaultPlan["expected"] = { ...everybody("works"), "ipv4-only": "fails" };

/** The AAAA keeps DNS64 from synthesizing one (RFC 6147 section 5.1.1). A CLAT's IPv4 is not concerned. */
const badAaaa: FaultPlan["expected"] = { ...ipv4Works, "nat64-dns64": "fails" };
const badA = ipv6Works;

/** With the wrong answer of one family everybody who takes it first fails, and Happy Eyeballs does not help. */
const badAfterConnecting6: FaultPlan["expected"] = {
  "ipv4-only": "works",
  "ipv6-only-strict": "fails",
  "nat64-dns64": "fails",
};
const badAfterConnecting4: FaultPlan["expected"] = { ...everybody("works"), "ipv4-only": "fails" };

const rows = {
  aaaaNowhere: "AAAA leads nowhere (A good)",
  aNowhere: "A leads nowhere (AAAA good)",
  missing: "A or AAAA missing",
  mapped: "AAAA holds an IPv4-mapped address",
  tls: "fails after the handshake (TLS) on one family",
  blackHole: "one family black-holed, wholly or by port",
  mtu: "smaller MTU, Packet Too Big filtered, fragments dropped, one family only",
  literal: "IPv4 literal in a page, a redirect, a configuration, a tracker's answer",
  ipv6Literals: "IPv6 literals in every RFC 4291 form; zone identifiers (RFC 9844)",
  thirdParties: "third-party resources of a web page without IPv6",
  resolvers: "names that only IPv4 or only IPv6 resolvers can resolve",
  delay: "the delay between the families (Happy Eyeballs)",
  names: "names that do not resolve, or not well",
  signatures: "signed names, and signed but bogus ones",
} as const;

function faultName(name: string): string {
  return `${name}.faults`;
}

/** A name whose two families lead to different places. */
function split(name: string, ipv6: string | undefined, ipv4: string | undefined): HostPlan {
  return {
    name: `${faultName(name)}.${zone}`,
    a: ipv4 === undefined ? [] : [ipv4],
    aaaa: ipv6 === undefined ? [] : [ipv6],
  };
}

function fault(
  name: string,
  title: string,
  row: string,
  host: HostPlan | undefined,
  expected: FaultPlan["expected"],
  url = `http://${host?.name ?? `${faultName(name)}.${zone}`}/`,
): FaultPlan {
  return { name, title, row, url, host, expected };
}

const nowhere = Object.fromEntries(deadEnds.map(({ kind, base }) => [kind, place(base + 1)]));

const nowheres: readonly (readonly [string, string, AddressPair])[] = [
  ["blackhole", "nobody answers", nowhere.blackhole ?? good],
  ["unreachable", "a router says that nobody is there", nowhere.unreachable ?? good],
  ["refused", "the server refuses", oddPlaces.refusing],
];

/** Both directions of one fault: IPv6 bad, and IPv4 bad. */
function oneFamily(
  name: string,
  title: string,
  row: string,
  bad: AddressPair,
  expected: readonly [FaultPlan["expected"], FaultPlan["expected"]],
  scheme = "http",
  page = "",
): readonly FaultPlan[] {
  return [
    { family: "v6", host: split(`v6-${name}`, bad.ipv6, good.ipv4), outcome: expected[0] },
    { family: "v4", host: split(`v4-${name}`, good.ipv6, bad.ipv4), outcome: expected[1] },
  ].map(({ family, host, outcome }) =>
    fault(`${family}-${name}`, `${title} over IP${family}`, row, host, outcome, `${scheme}://${host.name}/${page}`),
  );
}

/** Names in zones of their own; zones.ts has them. */
const elsewhere = (name: string): string => `http://www.${name}.${zone}/`;

/** CNAMEs with names of nearly 200 octets: the answer does not fit into one UDP datagram (RFC 9715). */
export const truncatedChain: readonly string[] = Array.from({ length: 8 }, (_, index) => {
  const label = `${String(index)}${"x".repeat(61)}`;
  return `${label}.${label}.${label}.${zone}`;
});

export const faults: readonly FaultPlan[] = [
  ...nowheres.map(([name, title, { ipv6 }]) =>
    fault(
      `aaaa-${name}`,
      `AAAA leads nowhere: ${title}`,
      rows.aaaaNowhere,
      split(`aaaa-${name}`, ipv6, good.ipv4),
      badAaaa,
    ),
  ),
  ...nowheres.map(([name, title, { ipv4 }]) =>
    fault(`a-${name}`, `A leads nowhere: ${title}`, rows.aNowhere, split(`a-${name}`, good.ipv6, ipv4), badA),
  ),
  fault("aaaa-missing", "AAAA is missing", rows.missing, ipv4Only(faultName("aaaa-missing"), good), ipv4Works),
  fault("a-missing", "A is missing", rows.missing, ipv6Only(faultName("a-missing"), good), ipv6Works),
  fault(
    "aaaa-wrong",
    "AAAA leads to another server",
    rows.missing,
    split("aaaa-wrong", oddPlaces.other.ipv6, good.ipv4),
    badAfterConnecting6,
    `https://aaaa-wrong.faults.${zone}/`,
  ),
  fault(
    "a-wrong",
    "A leads to another server",
    rows.missing,
    split("a-wrong", good.ipv6, oddPlaces.other.ipv4),
    badAfterConnecting4,
    `https://a-wrong.faults.${zone}/`,
  ),
  fault(
    "aaaa-mapped",
    "AAAA holds the IPv4-mapped address of the A",
    rows.mapped,
    split("aaaa-mapped", `::ffff:${good.ipv4}`, good.ipv4),
    { "ipv4-only": "works", "ipv6-only-strict": "fails" },
  ),
  ...oneFamily(
    "tls",
    "the TLS handshake fails",
    rows.tls,
    oddPlaces.brokenTls,
    [badAfterConnecting6, badAfterConnecting4],
    "https",
  ),
  ...oneFamily(
    "https-blackhole",
    "port 443 is black-holed",
    rows.blackHole,
    oddPlaces.silentHttps,
    [badAaaa, badA],
    "https",
  ),
  ...oneFamily("http-blackhole", "port 80 is black-holed", rows.blackHole, oddPlaces.silentHttp, [badAaaa, badA]),
  ...oneFamily(
    "mtu-silent",
    "MTU 1280 and no Packet Too Big",
    rows.mtu,
    placeOn("mtu-silent"),
    [badAfterConnecting6, badAfterConnecting4],
    "http",
    "bytes",
  ).map((each) => (each.name.startsWith("v6-") ? { ...each, pathMtu: smallMtu } : each)),
  ...(["v6", "v4"] as const).map((family) => {
    const { ipv4, ipv6 } = placeOn("no-fragments");
    const name = `${family}-no-fragments`;
    const host = family === "v6" ? split(name, ipv6, undefined) : split(name, undefined, ipv4);
    const question = `dns://${host.name}/${bigName}?type=TXT`;
    return fault(name, `fragments are dropped over IP${family}`, rows.mtu, host, everybody("fails"), question);
  }),
  ...sweepDelays.flatMap((delay) =>
    oneFamily(`delay-${delay}`, `${delay} ms more`, rows.delay, placeOn(`delay-${delay}`), [
      everybody("works"),
      everybody("works"),
    ]),
  ),
  fault("ipv4-literals", "a page full of IPv4 literals", rows.literal, pages.ipv4Literals, everybody("works")),
  fault("redirect-literal", "a redirect to an IPv4 literal", rows.literal, pages.redirect, {
    ...ipv4Works,
    "nat64-dns64": "fails",
  }),
  fault("ipv6-literals", "a page of IPv6 literals in every form", rows.ipv6Literals, pages.ipv6Literals, {}),
  fault("third-parties", "a page whose third parties have no IPv6", rows.thirdParties, pages.thirdParties, {}),
  // The lab's own resolvers have both families, whatever the network: what is right is another resolver's business.
  fault("v4-names", "only resolvers with IPv4 can resolve it", rows.resolvers, undefined, {}, elsewhere("v4-names")),
  fault("v6-names", "only resolvers with IPv6 can resolve it", rows.resolvers, undefined, {}, elsewhere("v6-names")),
  fault("slow-names", "its name server is slow", rows.names, undefined, everybody("works"), elsewhere("slow-names")),
  fault("truncated", "the answer is truncated over UDP", rows.names, undefined, everybody("works")),
  fault("nxdomain", "the name does not exist", rows.names, undefined, everybody("fails")),
  fault("nodata", "the name has no addresses", rows.names, split("nodata", undefined, undefined), everybody("fails")),
  fault(
    "servfail",
    "nobody is responsible for it (SERVFAIL)",
    rows.names,
    undefined,
    everybody("fails"),
    elsewhere("servfail"),
  ),
  fault(
    "a-private",
    "A leads into private space",
    rows.names,
    split("a-private", undefined, "10.66.66.66"),
    everybody("fails"),
  ),
  fault("signed", "the zone is signed", rows.signatures, undefined, everybody("works"), elsewhere("signed")),
  fault(
    "bogus",
    "the zone is signed, by another key than the resolver trusts",
    rows.signatures,
    undefined,
    everybody("fails"),
    elsewhere("bogus"),
  ),
];
