/** What is asked on the wire, as instructions of probes/wire.py, and what comes back. */
import { randomBytes } from "node:crypto";
import { formatIpv4, parseIpv4Prefix, parseIpv6 } from "../plan/prefix";
import { embedIpv4, wellKnownPrefix } from "../plan/rfc6052";
import { linkLocalOf } from "../plan/interface-id";
import {
  type ClientAccess,
  gatewayAddresses,
  ipv4Way,
  type LabAccess,
  nativeIpv4,
  networkOf,
  type PromisedNetwork,
  routesIpv6,
} from "./access";
import { type Neighbour, type Peer, wayName } from "./peers";
import { dhcpv6Servers, informationRequest, solicit } from "./wire/dhcpv6";
import type { RecordType } from "../plan/dns-parameters";
import { type DnsAnswer, dnsQuestion, readDnsAnswer } from "./wire/dns";
import { hex } from "./wire/hex";
import { discard, discardFrame, discardFrameIpv4, neighbourSolicitation, routerSolicitation } from "./wire/packets";

/** What came, by the name of what it is an answer to. */
export class Heard {
  private readonly lines: readonly (readonly string[])[];

  constructor(text: string) {
    this.lines = text.split("\n").map((line) => line.split(" "));
  }

  /** Everything under a name, each as one text; what went wrong begins with "error". */
  of(name: string): readonly string[] {
    return this.lines.filter(([own]) => own === name).map(([, ...words]) => words.join(" "));
  }

  /** Messages of a kind that others sent: the sender's MAC and the IPv6 packet, in hexadecimal. */
  packets(kind: string): readonly { readonly mac: string; readonly packet: string }[] {
    return this.of(kind).flatMap((what) => {
      const [mac, packet] = what.split(" ");
      return mac === undefined || packet === undefined ? [] : [{ mac, packet }];
    });
  }

  /** A resolver's last answer: a failure may be over when it is asked again; undefined: none came that can be read. */
  dns(name: string): DnsAnswer | undefined {
    return this.of(name)
      .flatMap((octets) => readDnsAnswer(octets) ?? [])
      .at(-1);
  }

  answered(name: string): boolean {
    return this.of(name).some((what) => !what.startsWith("error"));
  }
}

/** How wire.py begins what the machine itself says that was asked to connect: nothing went out. */
export const atOnce = "error at once ";

export const kinds = {
  routerAdvertisement: "icmpv6-134",
  neighbourAdvertisement: "icmpv6-136",
  unreachable: "icmpv6-1",
  dhcpv6Advertise: "dhcpv6-2",
  dhcpv6Reply: "dhcpv6-7",
} as const;

/** How wire.py calls such a message about a certain address. */
function about(kind: typeof kinds.neighbourAdvertisement | typeof kinds.unreachable, address: string): string {
  return `${kind}:${hex(parseIpv6(address), 16)}`;
}

/**
 * Seconds to listen. RFC 4861 section 6.2.6: a router may think half a second. On an emulated gateway whose one processor is
 * busy with logins, radvd had its turn 8.5 s after the kernel had woken it. Only who stays silent is waited for to the end.
 */
const listening = { least: 1.2, most: 20 };

/** An address that is nobody's on any LAN: the block for documentation (RFC 3849). */
const nobody = "2001:db8:bad::1";

/** Nobody's anywhere (RFC 9637), and no lab's. What goes there gets as far as to the first router outside. */
const outward = { address: "3fff:fff::1", hopLimit: 2 };

export interface ClientSubject {
  readonly client: ClientAccess;
  /** Of the content. */
  readonly host: string;
  /** The address inside the NAT64 prefix that the content came from; undefined: none did. */
  readonly remote: string | undefined;
  readonly neighbours: readonly Neighbour[];
  readonly peers: readonly Peer[];
  /** Where its datagrams to the discard port come from: another one each time, or an old session would be taken for one. */
  readonly port: number;
}

/** Where a client's packets go that must not be translated at all: into the prefixes that the gateway's firewall refuses. */
export function refusedDestinations({ promised }: Pick<LabAccess, "promised">): string[] {
  return [...new Set([promised.nat64.prefix, wellKnownPrefix])].map((prefix) => embedIpv4(prefix, someServer));
}

/** Destinations that must not be translated, one of each denied block, as a client would address them. */
export function deniedDestinations({ promised }: LabAccess): { ipv4: string; ipv6: string }[] {
  return promised.nat64.deniedIpv4.map((prefix) => {
    const { address, length } = parseIpv4Prefix(prefix);
    const ipv4 = formatIpv4(address + (length < 31 ? 1n : 0n));
    return { ipv4, ipv6: embedIpv4(promised.nat64.prefix, ipv4) };
  });
}

export function clientInstructions(
  lab: LabAccess,
  { client, host, remote, neighbours, peers, port }: ClientSubject,
): string[] {
  const network = networkOf(lab, client);
  const { router, ipv6, ipv4, translated } = network;
  const linkLocal = linkLocalOf(client.lanMac);
  const address = client.addresses[network.name]?.ipv6;
  const cards = { from: client.lanMac, to: router.mac };
  const to = (destination: string, source = address ?? nobody): string =>
    discardFrame(cards, { source, destination }, port);
  const frame = (name: string, octets: string): string => `frame lan ${name} ${octets}`;
  const ask = (name: string, question: string): string => `dns ${name} - ${resolverOf(network)} 53 ${question}`;
  const byIpv4 = otherDoorOf(client, network);
  const refused = translated || ipv6 === undefined ? [] : refusedDestinations(lab);
  const ipv4Only = dnsQuestion("ipv4only.arpa", "AAAA");
  const servers = `${dhcpv6Servers.address}%lan ${dhcpv6Servers.port}`;
  return [
    `window ${listening.least} ${listening.most}`,
    "await ipv4only ipv4only-tcp host-aaaa host-a fresh",
    ...(ipv6 === undefined ? [] : [`await ${kinds.routerAdvertisement}`]),
    ...(ipv6 === undefined || ipv6.dhcpv6.mode === "off"
      ? []
      : [`await ${kinds.dhcpv6Reply} ${kinds.dhcpv6Advertise}`]),
    ...neighbours.map(({ name }) => `await neighbour-${name}`),
    ...peers.flatMap((peer) => peer.ways.map((way) => `await ${wayName(peer, way)}`)),
    ...refused.map((destination) => `await ${about(kinds.unreachable, destination)}`),
    "hear lan",
    frame(kinds.routerAdvertisement, routerSolicitation(client.lanMac, linkLocal)),
    ...[...(address === undefined ? [] : [address]), ...gatewayIpv6(network)].map((each) =>
      frame(about(kinds.neighbourAdvertisement, each), neighbourSolicitation(client.lanMac, linkLocal, each)),
    ),
    `udp ${kinds.dhcpv6Reply} - ${servers} ${informationRequest()}`,
    `udp ${kinds.dhcpv6Advertise} - ${servers} ${solicit()}`,
    ask("ipv4only", ipv4Only),
    `dns-tcp ipv4only-tcp ${resolverOf(network)} 53 ${ipv4Only}`,
    ...(byIpv4 === undefined ? [] : ["await ipv4only-by-ipv4", `dns ipv4only-by-ipv4 - ${byIpv4} 53 ${ipv4Only}`]),
    ask("host-aaaa", dnsQuestion(host, "AAAA")),
    ask("host-a", dnsQuestion(host, "A")),
    // Nobody asked for it before: neither the client nor unbound nor a forwarder can have it in a cache.
    ask("fresh", dnsQuestion(`${randomBytes(8).toString("hex")}.${host}`, "A")),
    ...neighbours.map(({ name, address }) => `echo neighbour-${name} ${address}`),
    // Every client has SSH on all of its addresses.
    ...peers.flatMap((peer) => peer.ways.map((way) => `tcp ${wayName(peer, way)} ${way.address} 22`)),
    ...loginDoors(lab, client).map(({ name, door }) => `tcp ${name} ${door} 22`),
    ...(translated ? deniedDestinations(lab).map((denied) => frame("denied", to(denied.ipv6))) : []),
    ...refused.map((destination) => frame(about(kinds.unreachable, destination), to(destination))),
    ...(remote === undefined
      ? []
      : [
          `echo through ${remote}`,
          frame("allowed", to(remote)),
          frame("spoofed", to(remote, nobody)),
          frame("spoofed", to(remote, linkLocal)),
        ]),
    ...(address !== undefined && routesIpv6(lab.promised)
      ? [
          frame(
            "outward",
            discardFrame(cards, { source: address, destination: outward.address }, port, outward.hopLimit),
          ),
        ]
      : []),
    ...(ipv6 === undefined ? [frame("ipv6", to(nobody))] : [frame("spoofed", to(ipv6.gatewayAddress, nobody))]),
    // Nobody's: a network that has no IPv4 takes none, another one takes its own.
    frame(
      ipv4 === undefined ? "ipv4" : "spoofed",
      discardFrameIpv4(cards, { source: "192.0.2.1", destination: "192.0.2.2" }),
    ),
  ];
}

/** The gateway's addresses on a network, as a socket of either family reaches them (RFC 4291 section 2.5.5.2). */
function doorsOf(network: Pick<PromisedNetwork, "ipv6" | "ipv4">): string[] {
  return gatewayAddresses(network).map((address) => (address.includes(":") ? address : `::ffff:${address}`));
}

/** The gateway's IPv6 addresses on a network, the one beside the client too, which is its clients' default router. */
export function gatewayIpv6({ ipv6, router }: Pick<PromisedNetwork, "ipv6" | "router">): string[] {
  return ipv6 === undefined ? [] : [ipv6.gatewayAddress, router.linkLocal];
}

/** What wire.py calls SSH on the gateway: at the addresses that a client has beside it, and at those on other networks. */
export const loginNames = { here: "ssh", elsewhere: "ssh-elsewhere" } as const;

/** All by which a client may reach the gateway: its addresses on every network, and the one beside the client. */
function loginDoors(lab: LabAccess, client: ClientAccess): { readonly name: string; readonly door: string }[] {
  const here = networkOf(lab, client);
  const withIpv4 = ipv4Way(client, here) !== "none";
  const doors = lab.promised.networks.flatMap(({ name, ipv6, ipv4 }) =>
    doorsOf({ ...(here.ipv6 === undefined ? {} : { ipv6 }), ...(withIpv4 ? { ipv4 } : {}) }).map((door) => ({
      name: name === here.name ? loginNames.here : loginNames.elsewhere,
      door,
    })),
  );
  return [
    ...doors,
    ...(here.ipv6 === undefined ? [] : [{ name: loginNames.here, door: `${here.router.linkLocal}%lan` }]),
  ];
}

/** Where it is asked by IPv4 too, from a client that has both families; undefined: nowhere. */
function otherDoorOf(client: ClientAccess, network: PromisedNetwork): string | undefined {
  return nativeIpv4(client, network) === undefined ? undefined : doorsOf(network)[1];
}

/** Where a network's resolver is asked. */
export function resolverOf(network: PromisedNetwork): string {
  return doorsOf(network)[0] ?? "";
}

/** Asks a network's resolver for a host's addresses: `host-a`, `host-aaaa`. */
export function addressQuestions(resolver: string, host: string, types: readonly RecordType[]): string[] {
  const named = types.map((type) => ({ type, name: `host-${type.toLowerCase()}` }));
  return [
    `window 0 ${listening.most}`,
    `await ${named.map(({ name }) => name).join(" ")}`,
    ...named.map(({ type, name }) => `dns ${name} - ${resolver} 53 ${dnsQuestion(host, type)}`),
  ];
}

/** What wire.py calls IPv4 that left the card. */
export const sentIpv4 = "sent-ipv4";

/** Connects to an IPv4 address, and watches what leaves the card. */
export function clatInstructions(ipv4: string, port: number): string[] {
  return [`window 0.5 ${listening.most}`, "await clat", "overhear lan", `tcp clat ::ffff:${ipv4} ${port}`];
}

/** A ping that gets more time. */
export function patientEcho(address: string): string[] {
  return [`window 0 ${listening.most}`, "await through", `echo through ${address}`];
}

/** Whom a stranger could try to reach: by IPv6, which is what the stranger's cable carries. */
export function victims(clients: readonly ClientAccess[]): string[] {
  return clients.flatMap(({ network, addresses }) => addresses[network]?.ipv6 ?? []);
}

/** Documentation addresses (RFC 5737): a server that a stranger might want to reach. */
const someServer = "198.51.100.1";

/** Somebody beside the LAN tries all doors; and the gateway itself asks its resolver as if it were that somebody. */
export function gatewayInstructions({ promised, clients }: LabAccess): string[] {
  const { nat64, networks } = promised;
  const doors = networks.flatMap(({ name, ipv6 }) =>
    ipv6 === undefined ? [] : [{ name, address: ipv6.gatewayAddress }],
  );
  const [victim] = victims(clients);
  const question = dnsQuestion("ipv4only.arpa", "AAAA");
  const asIfOutside = (what: string): string[] =>
    doors.flatMap(({ name, address }) => [
      `await ${what}-${name}`,
      `udp ${what}-${name} here ${address} 53 ${question}`,
    ]);
  return [
    `window 0.2 ${listening.most}`,
    ...asIfOutside("refusal"),
    "then",
    // What lay beside the first question when the resolver had its turn is answered before the second one is.
    `window 0 ${listening.most}`,
    ...asIfOutside("second"),
    "outside",
    // A new cable takes a moment; what is sent before is lost.
    `window 0 ${listening.most}`,
    "await cable",
    "echo cable here",
    "then",
    // Over when the gateway's own questions, which are asked after all of these, are answered.
    `window 1 ${listening.most}`,
    "await own-turn",
    ...[...doors.map(({ address }) => address), "here"].flatMap((address) => [
      `udp resolver - ${address} 53 ${question}`,
      `tcp ssh ${address} 22`,
    ]),
    `udp translator - ${embedIpv4(nat64.prefix, someServer)} ${discard.port} ${discard.payload}`,
    ...(victim === undefined ? [] : [`echo client ${victim}`]),
    "own-turn",
  ];
}
