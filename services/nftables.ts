import type { LabPlan, NetworkPlan } from "../plan/model";
import { automaticPorts } from "../plan/static-bindings";
import { embedIpv4, wellKnownPrefix } from "../plan/rfc6052";
import { type Service, textFile } from "./bundle";
import { embeddedPrefix } from "./embedded-prefix";
import { faultyResolverMark } from "./faulty-resolver";
import { internet, lanCards, sshInterface, uplink } from "../plan/interfaces";
import { banner, indent, lines } from "./text";

const table = "inet ipv6_only_lab";

/**
 * The gateway's firewall: nft(8), one table and no other, replaced as a whole in one transaction. What Jool translates passes
 * neither `forward` nor `output`; what may be translated is therefore decided in `prerouting`, before Jool's hook.
 */
export const nftables: Service = {
  name: "nftables",
  unit: "nftables.service",
  packages: ["nftables"],
  files: (plan) => [textFile("/etc/nftables.conf", ruleset(plan))],
};

function ruleset(plan: LabPlan): string {
  return lines(
    "#!/usr/sbin/nft -f",
    banner("#"),
    "flush ruleset",
    "",
    block(
      `table ${table}`,
      deniedDestinations(plan),
      prerouting(plan),
      ...plan.networks.map((network) => fromNetwork(plan, network)),
      input(plan),
      forward(plan),
      postrouting(plan),
    ),
  );
}

/** Never empty: some destinations no configuration can allow. */
function deniedDestinations({ nat64 }: LabPlan): string {
  const elements = nat64.deniedIpv4.map((prefix) => embeddedPrefix(nat64.prefix, prefix));
  return block(
    "set denied_destinations",
    "type ipv6_addr",
    "flags interval",
    `elements = {\n${indent("\t", elements.join(",\n"))}\n}`,
  );
}

/** Priority raw (-300) is before conntrack (-200), which must not see what Jool (-75) takes, and after defragmentation. */
function prerouting(plan: LabPlan): string {
  const { nat64, networks } = plan;
  /** Wherever a packet comes from that is neither a LAN's nor the gateway's own. */
  const elsewhere = `iifname != { ${[...lanCards(plan), "lo"].map(quoted).join(", ")} }`;
  const [prefixes, prefixesIpv4] = [ipv6Prefixes(plan), ipv4Prefixes(plan)];
  return block(
    "chain prerouting",
    "type filter hook prerouting priority raw; policy accept;",
    drop(`${elsewhere} ip6 daddr ${nat64.prefix}`, "translator used from elsewhere"),
    drop(`${elsewhere} ip6 saddr { ${[...prefixes, nat64.prefix].join(", ")} }`, "LAN address from elsewhere"),
    prefixesIpv4.length > 0 &&
      drop(`${elsewhere} ip saddr { ${prefixesIpv4.join(", ")} }`, "LAN address from elsewhere"),
    ...boundTcpOnly(plan, elsewhere),
    ...networks.map((network) => `iifname "${network.card}" jump ${chainOf(network)}`),
  );
}

/**
 * Where some TCP connections from outside are to be let in, Jool lets in all that a binding is there for, those of clients'
 * own connections too. What it would take is therefore looked at here: a SYN for a port that is not bound goes no further.
 */
function boundTcpOnly({ nat64 }: LabPlan, elsewhere: string): readonly string[] {
  const { boundTcpOnly: only, pool4, staticBindings } = nat64;
  if (!only) return [];
  const bound = staticBindings.flatMap(({ protocol, outside: { address, port } }) =>
    protocol === "TCP" ? [`${address} . ${port}`] : [],
  );
  const syn = `tcp flags & (syn | ack) == syn ip daddr . tcp dport != { ${bound.join(", ")} }`;
  const pools =
    pool4.kind === "automatic"
      ? [`tcp dport ${automaticPorts.first}-${automaticPorts.last}`]
      : pool4.entries.flatMap(({ protocol, prefix, portRange }) =>
          protocol === "TCP" ? [`ip daddr ${prefix} tcp dport ${portRange}`] : [],
        );
  return pools.map((pool) => drop(`${elsewhere} ${pool} ${syn}`, "port that is not bound"));
}

/** The same for who comes from inside to the gateway's outer address: hairpinning (RFC 6146 section 3.8). */
function boundTcpOnlyInside({ nat64 }: LabPlan): string | false {
  const { boundTcpOnly: only, prefix, pool4, staticBindings } = nat64;
  if (!only) return false;
  const bound = staticBindings.filter(({ protocol }) => protocol === "TCP").map(({ outside }) => outside);
  const outer =
    pool4.kind === "automatic"
      ? bound.map(({ address }) => `${address}/32`)
      : pool4.entries.flatMap((entry) => (entry.protocol === "TCP" ? [entry.prefix] : []));
  const addresses = [...new Set(outer)].map((each) => embeddedPrefix(prefix, each));
  const open = bound.map(({ address, port }) => `${embedIpv4(prefix, address)} . ${port}`);
  return drop(
    `ip6 daddr { ${addresses.join(", ")} } tcp flags & (syn | ack) == syn ip6 daddr . tcp dport != { ${open.join(", ")} }`,
    "port that is not bound",
  );
}

/** Where what comes from a network is looked at. */
export function chainOf({ name }: Pick<NetworkPlan, "name">): string {
  return `from_${name.replaceAll("-", "_")}`;
}

function fromNetwork(plan: LabPlan, network: NetworkPlan): string {
  const { prefix } = plan.nat64;
  const { ipv4, ipv6, translated } = network;
  // :: is the source of duplicate address detection and of the first router solicitation (RFC 4861, RFC 4862).
  const local = ["::/128", "fe80::/10"];
  return block(
    `chain ${chainOf(network)}`,
    ipv4 === undefined
      ? drop("meta nfproto ipv4", "IPv4 on the LAN")
      : drop(`ip saddr != { 0.0.0.0, ${ipv4.prefix} }`, "spoofed IPv4 source"),
    ipv6 === undefined
      ? drop(`ip6 saddr != { ${local.join(", ")} }`, "IPv6 on the LAN")
      : drop(`ip6 saddr != { ${[...local, ipv6.prefix].join(", ")} }`, "spoofed IPv6 source"),
    ...(translated && ipv6 !== undefined
      ? translation(plan, ipv6.prefix)
      : [`ip6 daddr { ${[...new Set([prefix, wellKnownPrefix])].join(", ")} } ${refuse("NAT64 refused")}`]),
  );
}

function translation(plan: LabPlan, lanPrefix: string): (string | false)[] {
  const { prefix } = plan.nat64;
  const uOctetCanBeSet = !prefix.endsWith("/96");
  return [
    // What follows is for IPv6: notrack would keep IPv4 from NAT44.
    "meta nfproto != ipv6 return",
    `ip6 daddr != ${prefix} return`,
    // Neither :: nor a link-local address means anybody on the other side.
    drop(`ip6 saddr != ${lanPrefix}`, "no source to translate"),
    // RFC 6052 section 2.2: bits 64 to 71 are zero.
    uOctetCanBeSet && drop("ip6 daddr & 0:0:0:0:ff00:: != ::", "no IPv4-embedded address"),
    // RFC 6052 section 3.1, and what the configuration adds.
    drop("ip6 daddr @denied_destinations", "denied IPv4 destination"),
    boundTcpOnlyInside(plan),
    "notrack",
  ];
}

function input(plan: LabPlan): string {
  const lans = from(lanCards(plan));
  const dhcpv4 = plan.networks.flatMap(({ card, ipv4 }) => (ipv4 === undefined ? [] : [card]));
  return block(
    "chain input",
    "type filter hook input priority filter; policy drop;",
    'iifname "lo" accept',
    "ct state established,related accept",
    drop("ct state invalid", "invalid"),
    // What RFC 4890 section 4.4 says must not be dropped; routers are believed on the uplink only.
    "icmpv6 type { destination-unreachable, packet-too-big, time-exceeded, parameter-problem, echo-request } accept",
    "icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, mld-listener-query, mld-listener-report, mld-listener-done, mld2-listener-report } accept",
    `${lans} icmpv6 type nd-router-solicit accept`,
    plan.uplink.ipv6 !== "none" && `iifname "${uplink}" icmpv6 type nd-router-advert accept`,
    "icmp type { destination-unreachable, time-exceeded, parameter-problem, echo-request } accept",
    `${lans} udp dport { 53, 547 } accept`,
    `${lans} tcp dport 53 accept`,
    `${lans} meta mark ${faultyResolverMark} accept comment "to a faulty resolver"`,
    dhcpv4.length > 0 && `${from(dhcpv4)} udp dport 67 accept`,
    `iifname "${sshInterface(plan)}" tcp dport 22 accept`,
    // Answers of DHCP servers come from another address than the question went to.
    `iifname != ${anyOf(lanCards(plan))} udp sport 67 udp dport 68 accept`,
    plan.uplink.ipv6 !== "none" && `iifname "${uplink}" ip6 saddr fe80::/10 udp sport 547 udp dport 546 accept`,
    'counter comment "refused by the gateway"',
  );
}

function forward(plan: LabPlan): string {
  const { networks } = plan;
  const { hostNetworks } = plan.uplink;
  const routedIpv6 = plan.uplink.ipv6 !== "none" && plan.internet?.kind !== "simulated";
  const ways = [
    ...networks.flatMap(({ card, ipv6, ipv4 }) => [
      ...(ipv6 === undefined ? [] : waysOut(card, "ip6", ipv6.prefix, plan.internet?.prefixes.ipv6, routedIpv6)),
      ...(ipv4 === undefined
        ? []
        : waysOut(card, "ip", ipv4.prefix, plan.internet?.prefixes.ipv4, plan.internet?.kind !== "simulated")),
    ]),
    // Sources were looked at where they came in.
    ...(networks.length < 2 ? [] : [`${from(lanCards(plan))} oifname ${anyOf(lanCards(plan))} counter accept`]),
  ];
  return block(
    "chain forward",
    "type filter hook forward priority filter; policy drop;",
    hostNetworks.ipv6.length > 0 && drop(`ip6 daddr { ${hostNetworks.ipv6.join(", ")} }`, "leads to the host"),
    hostNetworks.ipv4.length > 0 &&
      ipv4Prefixes(plan).length > 0 &&
      drop(`ip daddr { ${hostNetworks.ipv4.join(", ")} }`, "leads to the host"),
    drop(`ip6 daddr ${plan.nat64.prefix}`, "not taken by the translator"),
    ways.length > 0 && "ct state established,related accept",
    ways.length > 0 && drop("ct state invalid", "invalid"),
    ...ways,
    'counter comment "not forwarded"',
  );
}

type Family = "ip" | "ip6";

/** Comments of the rules by which a network's packets leave for the real internet: by them their counters are known. */
export function outRule(card: string, family: Family): string {
  return `IPv${family === "ip" ? 4 : 6} of ${card} to the real internet`;
}

export function nat66Rule(card: string): string {
  return `NAT66 of ${card}`;
}

/** From a network to the simulated internet, and to the real one. */
function waysOut(card: string, family: Family, prefix: string, simulated: string | undefined, real: boolean): string[] {
  const own = `iifname "${card}" oifname`;
  return [
    ...(simulated === undefined
      ? []
      : [`${own} "${internet}" ${family} saddr ${prefix} ${family} daddr ${simulated} counter accept`]),
    ...(real ? [`${own} "${uplink}" ${family} saddr ${prefix} counter accept comment "${outRule(card, family)}"`] : []),
  ];
}

/** Below the ports and identifiers of Jool's pool4 (61001-65535), which takes what comes back to those. */
const portsOfNat44 = "1024-60999";

function postrouting(plan: LabPlan): string | false {
  const prefixesIpv4 = ipv4Prefixes(plan).join(", ");
  const outside = anyOf([uplink, ...(plan.internet === undefined ? [] : [internet])]);
  const nat44 = `oifname ${outside} ip saddr { ${prefixesIpv4} }`;
  const rules = [
    ...(plan.uplink.ipv6 === "nat66"
      ? plan.networks.flatMap(({ card, ipv6 }) =>
          ipv6 === undefined
            ? []
            : [`oifname "${uplink}" ip6 saddr ${ipv6.prefix} counter masquerade comment "${nat66Rule(card)}"`],
        )
      : []),
    ...(prefixesIpv4 === ""
      ? []
      : [
          `${nat44} meta l4proto { tcp, udp, icmp } counter masquerade to :${portsOfNat44}`,
          `${nat44} counter masquerade`,
        ]),
  ];
  if (rules.length === 0) return false;
  return block("chain postrouting", "type nat hook postrouting priority srcnat; policy accept;", ...rules);
}

function ipv6Prefixes({ networks }: LabPlan): string[] {
  return networks.flatMap(({ ipv6 }) => ipv6?.prefix ?? []);
}

function ipv4Prefixes({ networks }: LabPlan): string[] {
  return networks.flatMap(({ ipv4 }) => ipv4?.prefix ?? []);
}

function from(cards: readonly string[]): string {
  return `iifname ${anyOf(cards)}`;
}

function anyOf(cards: readonly string[]): string {
  const [first, ...more] = cards.map(quoted);
  return more.length === 0 ? (first ?? '""') : `{ ${[first, ...more].join(", ")} }`;
}

function quoted(card: string): string {
  return `"${card}"`;
}

/** Told to the sender, who need not wait. */
function refuse(comment: string): string {
  return `counter reject with icmpv6 type admin-prohibited comment "${comment}"`;
}

function drop(match: string, comment: string): string {
  return `${match} counter drop comment "${comment}"`;
}

function block(head: string, ...members: readonly (string | false)[]): string {
  return `${head} {\n${indent("\t", lines(...members))}\n}`;
}
