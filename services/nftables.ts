import type { LabPlan } from "../plan/model";
import { type Service, textFile } from "./bundle";
import { embeddedPrefix } from "./embedded-prefix";
import { internet, lan, sshInterface, uplink } from "../plan/interfaces";
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
      fromLan(plan),
      input(plan),
      forward(plan),
      plan.uplink.ipv6 === "nat66" && postrouting(plan),
    ),
  );
}

function deniedDestinations({ nat64 }: LabPlan): string {
  const elements = nat64.deniedIpv4.map((prefix) => embeddedPrefix(nat64.prefix, prefix));
  return block(
    "set denied_destinations",
    "type ipv6_addr",
    "flags interval",
    elements.length > 0 && `elements = {\n${indent("\t", elements.join(",\n"))}\n}`,
  );
}

/** Wherever a packet comes from that is neither the LAN's nor the gateway's own. */
const elsewhere = `iifname != { "${lan}", "lo" }`;

/** Priority raw (-300) is before conntrack (-200), which must not see what Jool (-75) takes, and after defragmentation. */
function prerouting(plan: LabPlan): string {
  return block(
    "chain prerouting",
    "type filter hook prerouting priority raw; policy accept;",
    drop(`${elsewhere} ip6 daddr ${plan.nat64.prefix}`, "translator used from elsewhere"),
    drop(`${elsewhere} ip6 saddr { ${plan.lan.prefix}, ${plan.nat64.prefix} }`, "LAN address from elsewhere"),
    `iifname "${lan}" jump from_lan`,
  );
}

function fromLan(plan: LabPlan): string {
  const { prefix } = plan.nat64;
  const uOctetCanBeSet = !prefix.endsWith("/96");
  return block(
    "chain from_lan",
    drop("meta nfproto ipv4", "IPv4 on the LAN"),
    // :: is the source of duplicate address detection and of the first router solicitation (RFC 4861, RFC 4862).
    drop(`ip6 saddr != { ::/128, fe80::/10, ${plan.lan.prefix} }`, "spoofed source"),
    `ip6 daddr != ${prefix} return`,
    // Neither :: nor a link-local address means anybody on the other side.
    drop(`ip6 saddr != ${plan.lan.prefix}`, "no source to translate"),
    // RFC 6052 section 2.2: bits 64 to 71 are zero.
    uOctetCanBeSet && drop("ip6 daddr & 0:0:0:0:ff00:: != ::", "no IPv4-embedded address"),
    // RFC 6052 section 3.1, and what the configuration adds.
    drop("ip6 daddr @denied_destinations", "denied IPv4 destination"),
    "notrack",
  );
}

function input(plan: LabPlan): string {
  return block(
    "chain input",
    "type filter hook input priority filter; policy drop;",
    'iifname "lo" accept',
    "ct state established,related accept",
    drop("ct state invalid", "invalid"),
    // What RFC 4890 section 4.4 says must not be dropped; routers are believed on the uplink only.
    "icmpv6 type { destination-unreachable, packet-too-big, time-exceeded, parameter-problem, echo-request } accept",
    "icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, mld-listener-query, mld-listener-report, mld-listener-done, mld2-listener-report } accept",
    `iifname "${lan}" icmpv6 type nd-router-solicit accept`,
    plan.uplink.ipv6 !== "none" && `iifname "${uplink}" icmpv6 type nd-router-advert accept`,
    "icmp type { destination-unreachable, time-exceeded, parameter-problem, echo-request } accept",
    `iifname "${lan}" udp dport { 53, 547 } accept`,
    `iifname "${lan}" tcp dport 53 accept`,
    `iifname "${sshInterface(plan)}" tcp dport 22 accept`,
    // Answers of DHCP servers come from another address than the question went to.
    `iifname != "${lan}" udp sport 67 udp dport 68 accept`,
    plan.uplink.ipv6 !== "none" && `iifname "${uplink}" ip6 saddr fe80::/10 udp sport 547 udp dport 546 accept`,
    'counter comment "refused by the gateway"',
  );
}

function forward(plan: LabPlan): string {
  const routed = plan.uplink.ipv6 !== "none";
  const elsewhereRouted = routed && plan.internet?.kind !== "simulated";
  const { hostNetworks } = plan.uplink;
  return block(
    "chain forward",
    "type filter hook forward priority filter; policy drop;",
    hostNetworks.length > 0 && drop(`ip6 daddr { ${hostNetworks.join(", ")} }`, "leads to the host"),
    drop(`ip6 daddr ${plan.nat64.prefix}`, "not taken by the translator"),
    (routed || plan.internet !== undefined) && "ct state established,related accept",
    (routed || plan.internet !== undefined) && drop("ct state invalid", "invalid"),
    plan.internet !== undefined &&
      `iifname "${lan}" oifname "${internet}" ip6 saddr ${plan.lan.prefix} ip6 daddr ${plan.internet.prefixes.ipv6} counter accept`,
    elsewhereRouted && `iifname "${lan}" oifname "${uplink}" ip6 saddr ${plan.lan.prefix} counter accept`,
    'counter comment "not forwarded"',
  );
}

function postrouting(plan: LabPlan): string {
  return block(
    "chain postrouting",
    "type nat hook postrouting priority srcnat; policy accept;",
    `oifname "${uplink}" ip6 saddr ${plan.lan.prefix} counter masquerade`,
  );
}

function drop(match: string, comment: string): string {
  return `${match} counter drop comment "${comment}"`;
}

function block(head: string, ...members: readonly (string | false)[]): string {
  return `${head} {\n${indent("\t", lines(...members))}\n}`;
}
