/** Single faults of what is between a lab and its simulated internet: translation, static bindings, CLAT, proxies, networks. */
import type { LabAccess } from "../../verify/access";
import type { Breakage } from "./breakages";

export interface InternetBreakage extends Breakage {
  /** Where the client looks from; left out: at home. */
  readonly from?: "strict";
  /** Whether ways through a proxy are tried too. */
  readonly proxies?: boolean;
}

/** The checks, by the beginning of what they say. */
const is = {
  services: "every service runs",
  bindings: "the translator has the planned static bindings",
  reached: "whoever is outside reaches",
  closed: "a port outside that is not bound",
  peers: "clients on other networks",
  clat: "the CLAT has an address",
  clatFetch: "content comes from an IPv4 address",
  clatSession: "Jool's session table shows the CLAT's",
  clatLeaks: "a connection through the CLAT leaves",
  leaks: "nothing leaves its card",
  datagrams: "datagrams are translated",
  mapping: "one socket is one address",
  filtering: "whoever knows a client's address",
  hairpin: "a client is reached at its own outer address",
  unsummed: "a datagram without checksum",
  large: "what comes in fragments",
  fragments: "what goes in fragments",
  unreachable: "that an IPv4 port is closed",
  hops: "a traceroute shows",
  tooBig: "Packet Too Big says",
  httpProxies: "connect-",
  socksProxies: "socks-",
} as const;

type Binding = LabAccess["promised"]["nat64"]["staticBindings"][number];

function tcpBinding({ promised }: LabAccess): Binding {
  const binding = promised.nat64.staticBindings.find(({ protocol }) => protocol === "TCP");
  if (binding === undefined) throw new Error("The lab binds no TCP port.");
  return binding;
}

/** Deletes the firewall's rules with a comment. */
function without(chain: string, comment: string): string {
  const table = "inet ipv6_only_lab";
  return `nft -a list chain ${table} ${chain} | sed -n 's/.*${comment}.* # handle //p' | while read -r handle; do nft delete rule ${table} ${chain} handle "$handle"; done`;
}

/** What a namespace of the simulated internet lets through no more. */
function silenced(namespace: string, hook: string, match: string): string {
  const nft = `nsenter --net=/run/netns/internet-${namespace} nft`;
  return `${nft} add table inet broken && ${nft} 'add chain inet broken ${hook} { type filter hook ${hook} priority 0; }' && ${nft} add rule inet broken ${hook} ${match} drop`;
}

/** A program on the client that sends IPv4 past everything that the client is configured with. */
const sender = `cat >/run/rogue.py <<'END'
import socket, time
card = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
card.bind(("lan", 0))
packet = bytes.fromhex("450000200000400040110000c0000209c0000228" "c350000900080000")
while True:
    try:
        card.send(bytes.fromhex("ffffffffffff0a0000000bad0800") + packet.ljust(46, bytes(1)))
    except OSError:
        pass
    time.sleep(0.2)
END
sed -i "s/0a0000000bad/$(tr -d : </sys/class/net/lan/address)/" /run/rogue.py
setsid -f python3 /run/rogue.py </dev/null >/dev/null 2>&1`;
const endSender = "kill $(pgrep -f /run/rogue.py)";

const onTheGateway: readonly Omit<InternetBreakage, "on">[] = [
  {
    name: "Jool lets in only who was asked",
    how: "jool global update address-dependent-filtering true",
    fails: [is.reached, is.filtering],
    skips: [is.closed],
    remedy: "npm run up",
  },
  {
    name: "Jool lets no TCP in",
    how: "jool global update drop-externally-initiated-tcp true",
    fails: [is.reached],
    skips: [is.closed],
    remedy: "npm run up",
  },
  {
    name: "Jool takes fragments for small enough",
    how: "jool global update lowest-ipv6-mtu 1500",
    fails: [is.large],
    remedy: "npm run up",
  },
  {
    name: "a static binding is gone",
    how: (lab) => `jool bib remove --tcp ${tcpBinding(lab).outside.address}#${tcpBinding(lab).outside.port}`,
    fails: [is.bindings, is.reached],
    skips: [is.closed],
    remedy: "npm run up",
  },
  {
    name: "there is a static binding that nobody planned",
    how: (lab) => `jool bib add --tcp ${tcpBinding(lab).inside.address}#22 ${tcpBinding(lab).outside.address}#61022`,
    fails: [is.bindings],
    remedy: "npm run up",
  },
  {
    name: "the firewall lets TCP in at every port of the translator",
    how: without("prerouting", "port that is not bound"),
    fails: [is.closed],
    remedy: "npm run up",
  },
  {
    name: "the networks are kept apart",
    how: "nft insert rule inet ipv6_only_lab forward iifname lan-nat64 oifname lan-dual drop",
    fails: [is.peers],
    remedy: "npm run up",
  },
  {
    name: "no server answers datagrams",
    how: silenced("servers", "input", "udp dport 7"),
    fails: [
      ...[is.datagrams, is.mapping, is.filtering, is.unsummed, is.large, is.fragments],
      ...[is.unreachable, is.hops, is.tooBig],
    ],
    skips: [is.hairpin],
    remedy: "npm run up",
  },
  {
    name: "no IPv4 router complains",
    how: silenced("router", "output", "icmp type { destination-unreachable, time-exceeded }"),
    fails: [is.hops, is.tooBig],
    remedy: "npm run up",
  },
  {
    name: "the proxies are stopped",
    proxies: true,
    how: "systemctl stop ipv6-only-lab-proxies.target",
    fails: [is.services, is.httpProxies, is.socksProxies],
    remedy: "npm run up",
  },
];

const onTheClient: readonly Omit<InternetBreakage, "on">[] = [
  {
    name: "the CLAT is stopped",
    how: "systemctl stop ipv6-only-lab-clat; until ! systemctl is-active --quiet clatd; do sleep 0.5; done",
    fails: [is.clat, is.clatFetch, is.clatSession, is.clatLeaks],
    remedy: "npm run ssh",
    undo: "systemctl start ipv6-only-lab-clat",
  },
  {
    name: "a program sends IPv4 beside the CLAT",
    how: sender,
    fails: [is.clatLeaks],
    // Its command shows packets until somebody ends it.
    remedy: /What sent it\?/,
    undo: endSender,
  },
  {
    name: "a program sends IPv4 where there is none",
    from: "strict",
    how: sender,
    fails: [is.leaks],
    remedy: /What sends it\?/,
    undo: endSender,
  },
];

export const internetBreakages: readonly InternetBreakage[] = [
  ...onTheGateway.map((each) => ({ ...each, on: "gateway" as const })),
  ...onTheClient.map((each) => ({ ...each, on: "client" as const })),
];
