/** Why a program does not work without IPv4, and the way out. */

export interface CauseText {
  /** What is the matter, in a few words. */
  readonly title: string;
  readonly wayOut: string;
  /** Where it is written. */
  readonly cites: string;
}

export const causes = {
  "ipv4-literal": {
    title: "it dials an IPv4 literal",
    wayOut:
      "Configure and send names instead of addresses; where an address is all there is, ask the network for its NAT64 prefix and synthesize an IPv6 address from it.",
    cites: "RFC 8305 section 7.1, RFC 7050, RFC 8781",
  },
  "ipv4-multicast": {
    title: "it speaks to many at once by IPv4 multicast or broadcast",
    wayOut:
      "Join a group of IPv6 and send to it as well, on each interface (mDNS: ff02::fb, SSDP: ff02::c; ff02::1 is everybody on the link); NAT64 carries neither multicast nor broadcast.",
    cites: "RFC 4291 section 2.7, RFC 6146 section 1, ipv6(7)",
  },
  "a-only": {
    title: "it asks for IPv4 addresses only",
    wayOut:
      "Ask getaddrinfo() with AF_UNSPEC, or for AAAA as well as for A, and leave the choice to its order; gethostbyname() and hints of AF_INET (`family: 4`) know IPv4 only.",
    cites: "RFC 4038 section 5.3, RFC 6724",
  },
  "ipv4-socket": {
    title: "it uses an IPv4 socket for an IPv6 address",
    wayOut: "Make the socket anew for each candidate, with the family that getaddrinfo() told with the address.",
    cites: "RFC 4038 section 5.3",
  },
  "container-without-ipv6": {
    title: "its container has no way by IPv6",
    wayOut:
      "Let the container use the machine's own network (--network host), or a network with IPv6: docker network create --ipv6 (before Docker 27 with --subnet, and ip6tables in daemon.json), for Docker's default one ipv6 and fixed-cidr-v6 in daemon.json; podman network create --ipv6.",
    cites: "docs.docker.com/engine/daemon/ipv6, podman-network-create(1)",
  },
  "first-candidate-only": {
    title: "it tries one address and not the others",
    wayOut: "Go through all addresses that the resolver told until one answers, or race them (Happy Eyeballs).",
    cites: "RFC 1123 section 2.3, RFC 6724 section 2, RFC 8305",
  },
  "attempt-delay-too-short": {
    title: "it gives up an attempt before a slow path can answer",
    wayOut:
      "Start the next attempt beside the one under way, and do not end that one; a delay between attempts is no time limit. Node.js: autoSelectFamilyAttemptTimeout.",
    cites: "RFC 8305 section 5",
  },
  "loopback-ipv4": {
    title: "it needs 127.0.0.1",
    wayOut:
      "Use ::1 as well, or the name localhost with all of its addresses; for processes of one machine a Unix socket.",
    cites: "RFC 6761 section 6.3, draft-ietf-v6ops-ipv6-app-testing",
  },
  "listens-on-loopback-ipv4": {
    title: "it listens on IPv4 addresses of this machine's own only",
    wayOut: "Listen on ::1 too when the service is for this machine, and on :: when it is for others.",
    cites: "RFC 4038 section 4.2, RFC 6761 section 6.3",
  },
  "listens-on-ipv4-only": {
    title: "it listens on IPv4 only",
    wayOut: "Listen on ::, with IPV6_V6ONLY off for both families in one socket, or with a socket for each family.",
    cites: "RFC 4038 section 4.2, ipv6(7)",
  },
  "own-ipv4-address": {
    title: "it looks for an IPv4 address of its own machine",
    wayOut:
      "Take addresses of both families from getifaddrs(), listen on ::, and tell others a name; where the way to a peer decides, take the source address of a socket that is connected to it.",
    cites: "getifaddrs(3), netdevice(7), RFC 4038 section 5.2",
  },
  "ipv6-literal-misread": {
    title: "it does not read an IPv6 literal",
    wayOut: "Take the brackets off before an address is used, and split host and port at the last colon behind them.",
    cites: "RFC 3986 section 3.2.2, RFC 5952 section 6",
  },
  "server-record-wrong": {
    title: "the server's AAAA record leads nowhere",
    wayOut: "The server's side has to serve at this address, or to take the record away: it keeps DNS64 from helping.",
    cites: "RFC 6147 section 5.1.1, draft-ietf-v6ops-ipv6-app-testing",
  },
  "server-without-ipv6": {
    title: "the server has no IPv6",
    wayOut: "The server's side has to offer IPv6; until then this network reaches it by no way.",
    cites: "RFC 6540, draft-ietf-v6ops-ipv6-app-testing (IPv6-only-strict)",
  },
  "third-party-without-ipv6": {
    title: "something that it loads from elsewhere has no IPv6",
    wayOut: "Take that part from a server with IPv6, or live without it where it cannot be had.",
    cites: "draft-ietf-v6ops-ipv6-app-testing",
  },
  proxy: {
    title: "the proxy does not get there",
    wayOut: "The proxy needs a path to the destination's family: it, not the client, resolves and dials.",
    cites: "RFC 9110 section 9.3.6, RFC 1928",
  },
  "path-mtu": {
    title: "its packets are too big for the path",
    wayOut:
      "Let ICMPv6 Packet Too Big through; send datagrams of 1232 octets at most, or find out the path's MTU before.",
    cites: "RFC 8201, RFC 8899, RFC 8200 section 5",
  },
  dnssec: {
    title: "the name's signatures do not hold",
    wayOut:
      "The name's owner has to mend its signatures; a validator that synthesizes itself must do so after validation.",
    cites: "RFC 6147 section 5.5, RFC 4035 section 5",
  },
  "name-not-resolved": {
    title: "the resolver finds no answer for the name",
    wayOut:
      "The name's servers have to answer, without error, over each family: a resolver that has IPv6 only reaches no others. Ask them one by one (dig +trace).",
    cites: "RFC 3901, RFC 1035 section 4.1.1",
  },
  "not-for-want-of-ipv4": {
    title: "it does not fail for want of IPv4",
    wayOut:
      "Look at what the program says itself. If this is so it ends the same way with IPv4: --confirm and --network try it.",
    cites: "draft-ietf-v6ops-ipv6-app-testing",
  },
} as const satisfies Record<string, CauseText>;

export type Cause = keyof typeof causes;

export type Confidence = "certain" | "probable" | "possible";

export interface Finding {
  readonly cause: Cause;
  readonly confidence: Confidence;
  /** What the program did, in a sentence. */
  readonly words: string;
  readonly process: number;
  /** Of the trace: the call that shows it; undefined: what did not happen shows it. */
  readonly line: number | undefined;
}
