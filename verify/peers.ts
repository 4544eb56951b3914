/** Other machines, and by what a client is to reach them: the networks of a lab are one site. */
import { containsIpv4 } from "../plan/prefix";
import { embedIpv4 } from "../plan/rfc6052";
import { type ClientAccess, type LabAccess, nativeIpv4, networkOf } from "./access";

export interface Peer {
  readonly name: string;
  readonly network: string;
  /** None: the two have nothing in common. */
  readonly ways: readonly PeerWay[];
}

export interface PeerWay {
  readonly kind: "IPv6" | "IPv4" | "NAT64";
  /** As a socket for IPv6 takes it. */
  readonly address: string;
}

/** A way's name among what is heard. */
export function wayName({ name }: Peer, { kind }: PeerWay): string {
  return `peer-${name}-${kind}`;
}

/** By each family that both have, and by translation where only that leads from one to the other. */
function peerOf(lab: LabAccess, client: ClientAccess, other: ClientAccess): Peer {
  const [here, there] = [networkOf(lab, client), networkOf(lab, other)];
  const [ownIpv4, ipv4] = [nativeIpv4(client, here), nativeIpv4(other, there)];
  const ipv6 = other.addresses[there.name]?.ipv6;
  const { prefix, deniedIpv4 } = lab.promised.nat64;
  const isDenied = (address: string): boolean => deniedIpv4.some((each) => containsIpv4(each, address));
  const way = (kind: PeerWay["kind"], address: string): PeerWay => ({ kind, address });
  const ways = [
    ...(here.ipv6 === undefined || ipv6 === undefined ? [] : [way("IPv6", ipv6)]),
    ...(ownIpv4 === undefined || ipv4 === undefined ? [] : [way("IPv4", `::ffff:${ipv4}`)]),
    ...(here.translated && ownIpv4 === undefined && ipv4 !== undefined && !isDenied(ipv4)
      ? [way("NAT64", embedIpv4(prefix, ipv4))]
      : []),
  ];
  return { name: other.name, network: there.name, ways };
}

/** Of many a few say as much. */
const mostPeers = 3;

/** A machine on the same network. */
export interface Neighbour {
  readonly name: string;
  readonly address: string;
}

/**
 * The gateway, and clients on a client's own network.
 * @param present who can be talked to.
 */
export function neighboursOf(lab: LabAccess, client: ClientAccess, present: readonly ClientAccess[]): Neighbour[] {
  const clients = present
    .filter(({ name, network }) => name !== client.name && network === client.network)
    .slice(-mostPeers)
    .map(({ name, network, addresses }) => ({ name, address: addresses[network]?.ipv6 }));
  const gateway = { name: lab.gateway.name, address: networkOf(lab, client).ipv6?.gatewayAddress };
  return [gateway, ...clients].flatMap(({ name, address }) => (address === undefined ? [] : [{ name, address }]));
}

/** @param present who can be talked to. */
export function peersOf(lab: LabAccess, client: ClientAccess, present: readonly ClientAccess[]): readonly Peer[] {
  return present
    .filter(({ name, network }) => name !== client.name && network !== client.network)
    .slice(-mostPeers)
    .map((other) => peerOf(lab, client, other));
}
