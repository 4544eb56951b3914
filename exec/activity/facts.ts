/** What a program did with the network: the facts that everything else is made of. */
import type { SocketAddress } from "../trace/values";

/** Where something was seen. */
export interface Seen {
  /** Seconds since 1970. */
  readonly at: number;
  readonly process: number;
  /** Of the trace, from 1. */
  readonly line: number;
  /** The network namespace, a container's say, by a name of ours; undefined: the client's own. */
  readonly namespace: string | undefined;
}

export interface Lookup extends Seen {
  readonly name: string;
  /** What was asked for with this question: `A`, `AAAA`, both. */
  readonly types: readonly string[];
  /** The server that was asked, or `systemd-resolved`. */
  readonly server: string;
  /** Told by the client's resolver, which works for others too, not by the program's own calls. */
  readonly overheard: boolean;
  readonly answer:
    | { readonly at: number; readonly rcode: string; readonly addresses: readonly string[]; readonly cut: boolean }
    | undefined;
}

export type Outcome =
  | { readonly kind: "connected" }
  /** Datagrams left; nothing tells whether they arrived. */
  | { readonly kind: "sent" }
  | { readonly kind: "failed"; readonly error: string }
  /** The program closed the socket before there was a result. */
  | { readonly kind: "abandoned" }
  /** There was no result when the program ended, or none that was seen. */
  | { readonly kind: "open" }
  /** A datagram socket was pointed there and nothing was sent: how libraries ask for the source address. */
  | { readonly kind: "unused" };

export interface Attempt extends Seen {
  readonly transport: "tcp" | "udp";
  /** By connect(2); otherwise it began with a datagram. */
  readonly pointed: boolean;
  /** Of the address, whatever the socket's is. */
  readonly family: "IPv4" | "IPv6";
  /** The family with which the socket was made, when the trace shows it. */
  readonly socketFamily: "IPv4" | "IPv6" | undefined;
  readonly address: string;
  readonly port: number;
  readonly outcome: Outcome;
  /** When the outcome was known. */
  readonly endedAt: number;
  readonly sent: Traffic;
  readonly received: Traffic;
  /** Octets of the smallest datagram that was too big for the path or the card (EMSGSIZE), when it was not made up for later. */
  readonly tooBig: number | undefined;
  /** When something was sent or received last. */
  readonly lastTraffic: number | undefined;
  /** It asked who is at the other end when it was connected (getpeername(2)). */
  readonly askedForPeer: boolean;
}

/** Through the calls that tell of the network. What went by read(2) and write(2) is not in it. */
export interface Traffic {
  readonly octets: number;
  /** The beginning: some programs read an answer octet by octet. */
  readonly head: string;
}

export interface Listener extends Seen {
  readonly transport: "tcp" | "udp";
  readonly family: "IPv4" | "IPv6";
  readonly address: string;
  readonly port: number;
  /** Takes IPv4 too, as IPv4-mapped addresses (ipv6(7), IPV6_V6ONLY). */
  readonly dualStack: boolean;
  /** Whose connections it took, or whose datagrams it heard. */
  readonly accepted: readonly SocketAddress[];
  /** Of those whose datagrams it heard: whom it has answered. */
  readonly answered: readonly SocketAddress[];
  /** Connections that it took without asking from whom they are (accept(2)). */
  readonly unnamed: number;
  readonly error: string | undefined;
}

/** The program asked the kernel which addresses its own machine has. */
export interface OwnAddressQuestion extends Seen {
  /** The request, e.g. `SIOCGIFADDR`. */
  readonly by: string;
  readonly onlyIpv4: boolean;
}

/** An IPv4 group that the program could not join (ip(7), IP_ADD_MEMBERSHIP). */
export interface FailedJoin extends Seen {
  readonly group: string;
  readonly error: string;
}

/** Somebody gave a network namespace's card an address (rtnetlink(7)): of containers, who makes them. */
export interface GivenAddress extends Seen {
  readonly family: "IPv4" | "IPv6";
  /** Undefined: it was not understood which one. */
  readonly address: string | undefined;
}

export interface Activity {
  readonly lookups: readonly Lookup[];
  readonly attempts: readonly Attempt[];
  readonly listeners: readonly Listener[];
  readonly failedJoins: readonly FailedJoin[];
  readonly ownAddressQuestions: readonly OwnAddressQuestion[];
  /** getaddrinfo(3) looked which families this machine has addresses of (AI_ADDRCONFIG), and asked nobody after that. */
  readonly familyChecks: readonly Seen[];
  readonly givenAddresses: readonly GivenAddress[];
  /** Ways to the network that system calls do not show. */
  readonly unseen: readonly string[];
  /** Questions to a resolver of which nobody knows what was asked. */
  readonly unheard: number;
}

/** While it is being found out. */
export type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };
