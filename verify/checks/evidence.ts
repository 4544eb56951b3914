/** Everything that was seen, as the checks look at it. */
import {
  type ClientAccess,
  command,
  type LabAccess,
  nativeIpv4,
  type PromisedNetwork,
  type PromisedPlan,
  runsClat,
} from "../access";
import { isAddressInPrefix, nat64Prefixes, sameAddress } from "../addresses";
import type { BindingsHeard } from "../bindings";
import type { ClientFacts, FetchFact } from "../client-facts";
import type { Counters, GatewayFacts, SessionFact, TranslationFacts } from "../gateway-facts";
import type { Peer } from "../peers";
import type { Heard } from "../questions";

export interface Evidence {
  readonly lab: LabAccess;
}

/** Seen of one client, and what the gateway translated after it. */
export interface ClientEvidence extends Evidence {
  readonly access: ClientAccess;
  /** Where it is. */
  readonly network: PromisedNetwork;
  readonly facts: ClientFacts;
  /** The first fetch, as any program would do it. */
  readonly content: FetchFact;
  /** The fetch that went to an address inside pool6, if one did. */
  readonly fetch: FetchFact;
  /** The same from the content's IPv4 address, where the network has IPv4 or must not lead there; undefined: not tried. */
  readonly byIpv4: FetchFact | undefined;
  /** A connection through its CLAT to the content's IPv4 address, and what IPv4 left its card meanwhile; undefined: not tried. */
  readonly clat: Heard | undefined;
  /** What came of its static bindings from outside; undefined: there are none where it is, or nobody is outside. */
  readonly bindings: BindingsHeard | undefined;
  readonly heard: Heard;
  /** The port that its datagrams to the discard port came from. */
  readonly port: number;
  /** Names of the machines that it pinged: the gateway, and clients that came before it. */
  readonly neighbours: readonly string[];
  /** Clients on other networks that it tried to reach. */
  readonly peers: readonly Peer[];
  /** Whether the server of the content answered a ping through NAT64. */
  readonly pinged: boolean;
  /** Whether it answers the gateway's own IPv4 ping; undefined: not asked. */
  readonly uplinkCarriesPings: boolean | undefined;
  readonly sessions: TranslationFacts["sessions"];
}

/** Where a client's check says something. */
export const withIpv6 = ({ network }: ClientEvidence): boolean => network.ipv6 !== undefined;
export const withIpv4 = ({ access, network }: ClientEvidence): boolean => nativeIpv4(access, network) !== undefined;
export const withClat = ({ access, network }: ClientEvidence): boolean => runsClat(access, network);

export const synthesizes = ({ network }: ClientEvidence): boolean => network.resolver === "dns64";
export const translates = ({ network }: ClientEvidence): boolean => network.translated;
/** What DHCPv6 keeps for a card. */
export function reservation({ ipv6 }: PromisedNetwork, mac: string): string | undefined {
  const dhcpv6 = ipv6?.dhcpv6;
  return dhcpv6?.mode === "stateful" ? dhcpv6.reservations.find((each) => each.mac === mac)?.address : undefined;
}

/** Whether an address is one of the client's own, as others know it. */
export function isOwn({ facts }: ClientEvidence, address: string): boolean {
  return facts.addresses.some((own) => own.scope === "global" && sameAddress(own.address, address));
}

/** Whether an address is IPv4 by translation, wherever that is done. */
export function isTranslated(address: string, promised: PromisedPlan): boolean {
  return nat64Prefixes(promised).some((prefix) => isAddressInPrefix(address, prefix));
}

/** This look's discard datagrams that the translator took. */
export function datagrams({ sessions, port }: ClientEvidence): TranslationFacts["sessions"] {
  return sessions.filter(({ protocol, client }) => protocol === "UDP" && client.id === String(port));
}

/** The session of one of them that the client sent from its own address; undefined: the translator took none. */
export function arrivedAt(seen: ClientEvidence, destination: string): SessionFact | undefined {
  return datagrams(seen).find(
    ({ client, serverIpv6 }) => isOwn(seen, client.address) && sameAddress(serverIpv6.address, destination),
  );
}

/** Seen of the gateway. */
export interface GatewayEvidence extends Evidence {
  readonly facts: GatewayFacts;
  readonly heard: Heard;
  readonly translations: TranslationFacts;
  /** What the firewall has counted before the clients and the stranger spoke, and after it. */
  readonly before: Counters;
  readonly after: Counters;
  /** The networks of the clients that spoke, one for each of them. */
  readonly spoke: readonly PromisedNetwork[];
}

/** The gateway's files, services and settings are the stack's: an update puts them back. */
export function putBack({ lab }: Evidence): string {
  return `${command(lab.promised, "up")} puts the gateway's files and services back.`;
}

export function look({ lab }: Evidence, machine: string, words: string): string {
  return `${command(lab.promised, "ssh", machine)} "${words}"`;
}

/** What on a client itself decides where its packets go, or that they go nowhere. @param to where they should. */
export function lookAtOwnWays({ lab, access }: Pick<ClientEvidence, "lab" | "access">, to: string | undefined): string {
  const ways = to === undefined ? "ip route; ip -6 route" : `ip${to.includes(":") ? " -6" : ""} route get ${to}`;
  return look({ lab }, access.name, `${ways}; ip rule; ip -6 rule; ip neigh; sudo nft list ruleset`);
}

/**
 * What a client has learned from the network it learns again; what somebody gave it by hand is taken away. A network manager
 * that hangs does neither.
 */
export function learnAgain({
  lab,
  access,
  facts,
}: Pick<ClientEvidence, "lab" | "access"> & Partial<Pick<ClientEvidence, "facts">>): string {
  return facts?.managerHangs === true
    ? `Start what configures it anew: ${look({ lab }, access.name, "sudo systemctl restart systemd-networkd; networkctl status lan")}`
    : `Let it configure itself anew: ${look({ lab }, access.name, "sudo networkctl reconfigure lan")}`;
}
