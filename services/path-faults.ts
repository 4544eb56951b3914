import { createHash } from "node:crypto";
import {
  type AnswerEffect,
  type FaultyFamily,
  isOfAnswers,
  type PathEffect,
  type PathFault,
  slowProfiles,
} from "../plan/path-faults";
import { wellKnownPrefix } from "../plan/rfc6052";
import { toFaultyResolver } from "./faulty-resolver";
import { embeddedPrefix } from "./embedded-prefix";
import { indent, lines } from "./text";

/** Whose way is faulty: a client by its card, wherever it is and whatever its addresses are; undefined: everybody's. */
export interface Affected {
  readonly name: string;
  readonly mac: string;
}

/** Where to the way is faulty, or which name is answered wrongly; undefined: everywhere beyond the gateway, every name. */
export interface Target {
  /** As it was asked for. */
  readonly name: string;
  /** Its addresses, or prefixes; none where it is the name that matters. */
  readonly ipv6: readonly string[];
  readonly ipv4: readonly string[];
}

/** A fault that is switched. */
export interface FaultSwitch {
  readonly fault: PathFault;
  readonly affected: Affected | undefined;
  readonly target: Target | undefined;
}

/** What a rule must know of the lab. */
export interface FaultSurroundings {
  /** The gateway's cards on the networks. */
  readonly cards: readonly string[];
  readonly nat64Prefix: string;
  /** Prefixes of the networks. */
  readonly ipv6: readonly string[];
  readonly ipv4: readonly string[];
  /** Addresses of the resolvers on them. */
  readonly resolvers: { readonly ipv6: readonly string[]; readonly ipv4: readonly string[] };
}

/** Each fault that is on has a table of its own, so that it comes and goes without touching anything else. */
export const faultTablePrefix = "ipv6_only_lab_fault_";

/** Everybody, where a client's name stands. */
export const everybody = "all";
/** What stands where a target's name does. */
export const everywhere = "everywhere";

/** Handle of the queueing discipline that delays, on each card; nft gives a packet one of its bands. */
const handle = "1a64";

export function faultTable(each: FaultSwitch): string {
  const digest = createHash("sha256").update(noteOf(each)).digest("hex");
  return `${faultTablePrefix}${digest.slice(0, 12)}`;
}

/** The comment of a fault's rules: what is on, for whom and where to, is read from it again. */
export function noteOf({ fault, affected, target }: FaultSwitch): string {
  return [fault.name, affected?.name ?? everybody, target?.name ?? everywhere].join(" ");
}

/**
 * For nft(8): a fault that is on, in one transaction, also when it was on already. Ingress is before everything that looks
 * into packets, Jool too; egress is behind it. In both it is the card that says who a client is. What refuses needs a hook
 * of the inet family, since not every kernel can at ingress (nft_reject_netdev); it is before the firewall's own.
 */
export function faultRules(each: FaultSwitch, lab: FaultSurroundings): string {
  const { affected } = each;
  const refuses = ["unreachable", "refused", "tls-reset"].includes(each.fault.effect.kind);
  const table = `table ${refuses ? "inet" : "netdev"} ${faultTable(each)}`;
  const note = `comment "${noteOf(each)}"`;
  const of = (side: "saddr" | "daddr"): string => (affected === undefined ? "" : `ether ${side} ${affected.mac} `);
  const { fromClient, toClient, priorities = { ingress: 0, egress: 0 } } = matches(each, lab);
  const cards = `{ ${lab.cards.map((card) => `"${card}"`).join(", ")} }`;
  const chain = (
    name: string,
    hook: "ingress" | "egress",
    side: "saddr" | "daddr",
    rules: readonly string[],
  ): string | false =>
    rules.length > 0 &&
    block(
      `chain ${name}`,
      refuses
        ? "type filter hook prerouting priority raw - 10; policy accept;"
        : `type filter hook ${hook} devices = ${cards} priority ${priorities[hook]}; policy accept;`,
      ...rules.map((rule) => `${refuses ? `iifname ${cards} ` : ""}${of(side)}${rule} ${note}`),
    );
  return lines(
    table,
    `delete ${table}`,
    block(table, chain("from_client", "ingress", "saddr", fromClient), chain("to_client", "egress", "daddr", toClient)),
  );
}

/** For ip-batch(8)-like `tc -batch`: the bands that delay, on every card. A packet that no fault has chosen passes by. */
export function delayBands(cards: readonly string[]): string {
  const bands = slowProfiles.length + 1;
  const map = Array.from({ length: 16 }, () => 0).join(" ");
  return lines(
    ...cards.flatMap((card) => [
      `qdisc replace dev ${card} root handle ${handle}: prio bands ${bands} priomap ${map}`,
      ...slowProfiles.map(
        ({ netem }, index) => `qdisc replace dev ${card} parent ${bandOf(index)} netem limit 10000 ${netem}`,
      ),
    ]),
  );
}

/** The first band is everybody else's. */
function bandOf(index: number): string {
  return `${handle}:${(index + 2).toString(16)}`;
}

export function needsBands({ effect }: PathFault): boolean {
  return effect.kind === "slow" || effect.kind === "slow-dns";
}

interface Rules {
  readonly fromClient: readonly string[];
  readonly toClient: readonly string[];
  /** Of the chains that they are in; 0 each without. */
  readonly priorities?: { readonly ingress: number; readonly egress: number };
}

function matches({ fault: { families, effect }, affected, target }: FaultSwitch, lab: FaultSurroundings): Rules {
  if (effect.kind === "dns" || effect.kind === "slow-dns") return dnsRules(effect);
  if (isOfAnswers(effect)) return toFaultyResolver(lab.resolvers, affected !== undefined);
  const ways = families.flatMap((family) => (target === undefined ? waysOf(family, lab) : waysTo(target, family, lab)));
  const all = ways.map((way) => rulesOf(effect, way));
  return {
    fromClient: all.flatMap(({ fromClient }) => fromClient),
    toClient: all.flatMap(({ toClient }) => toClient),
  };
}

/** What leads out of the lab: packets of one family of headers, with whoever is beyond the gateway at the other end. */
interface Way {
  readonly header: "ip" | "ip6";
  /** What stands behind `daddr` or `saddr`. */
  readonly outside: string;
}

function waysOf(family: FaultyFamily, { nat64Prefix, ipv6, ipv4 }: FaultSurroundings): readonly Way[] {
  const translated = [...new Set([nat64Prefix, wellKnownPrefix])];
  if (family === "ipv6") {
    const inside = ["::/128", "fe80::/10", "ff00::/8", ...ipv6, ...translated];
    return [{ header: "ip6", outside: `!= { ${inside.join(", ")} }` }];
  }
  const inside = ["0.0.0.0/8", "224.0.0.0/4", "255.255.255.255", ...ipv4];
  return [
    { header: "ip", outside: `!= { ${inside.join(", ")} }` },
    { header: "ip6", outside: `{ ${translated.join(", ")} }` },
  ];
}

/** None where it has no address of that family. */
function waysTo({ ipv6, ipv4 }: Target, family: FaultyFamily, { nat64Prefix }: FaultSurroundings): readonly Way[] {
  const way = (header: Way["header"], places: readonly string[]): readonly Way[] =>
    places.length === 0 ? [] : [{ header, outside: `{ ${places.join(", ")} }` }];
  if (family === "ipv6") return way("ip6", ipv6);
  return [
    ...way("ip", ipv4),
    ...way(
      "ip6",
      ipv4.map((each) => embeddedPrefix(nat64Prefix, each)),
    ),
  ];
}

/** Whether there is anything of the target that the fault can concern. */
export function concerns({ families }: PathFault, { ipv6, ipv4 }: Target): boolean {
  return families.some((family) => (family === "ipv6" ? ipv6 : ipv4).length > 0);
}

function rulesOf(
  effect: Exclude<PathEffect, AnswerEffect | { readonly kind: "dns" | "slow-dns" }>,
  { header, outside }: Way,
): Rules {
  const [to, from] = [`${header} daddr ${outside}`, `${header} saddr ${outside}`];
  const onTheWay = (condition: string): Rules => ({
    fromClient: [`${to} ${condition} counter drop`],
    toClient: [`${from} ${condition} counter drop`],
  });
  switch (effect.kind) {
    case "blackhole": {
      const port = effect.port === undefined ? "" : ` meta l4proto { tcp, udp } th dport ${effect.port}`;
      return { fromClient: [`${to}${port} counter drop`], toClient: [] };
    }
    case "unreachable": {
      const words = header === "ip" ? "icmp net-unreachable" : "icmpv6 no-route";
      return { fromClient: [`${to} counter reject with ${words}`], toClient: [] };
    }
    case "refused":
      return { fromClient: [`${to} meta l4proto tcp counter reject with tcp reset`], toClient: [] };
    case "tls-reset":
      // A handshake record (22) of TLS (3.x) that begins with a ClientHello (1): RFC 8446 sections 4 and 5.1.
      return {
        fromClient: [`${to} meta l4proto tcp @ih,0,16 0x1603 @ih,40,8 0x01 counter reject with tcp reset`],
        toClient: [],
      };
    case "mtu":
      // IPv6 counts what follows its header (RFC 8200 section 3).
      return onTheWay(header === "ip" ? `ip length > ${effect.mtu}` : `ip6 length > ${effect.mtu - 40}`);
    case "fragments":
      return onTheWay(header === "ip" ? "ip frag-off & 0x3fff != 0" : "exthdr frag exists");
    case "loss":
      return onTheWay(`numgen random mod 100 < ${effect.percent}`);
    case "slow":
      return { fromClient: [], toClient: [`${from} counter meta priority set ${bandNamed(effect.profile)}`] };
  }
}

function dnsRules(effect: Extract<PathEffect, { readonly kind: "dns" | "slow-dns" }>): Rules {
  if (effect.kind === "slow-dns") {
    const late = `meta l4proto { tcp, udp } th sport 53 counter meta priority set ${bandNamed(effect.profile)}`;
    return { fromClient: [], toClient: [late] };
  }
  const transports = effect.transport === "udp" ? "udp" : "{ tcp, udp }";
  return { fromClient: [`meta l4proto ${transports} th dport 53 counter drop`], toClient: [] };
}

function bandNamed(profile: string): string {
  const index = slowProfiles.findIndex(({ name }) => name === profile);
  if (index < 0) throw new Error(`Bug: there is no profile ${profile}.`);
  return bandOf(index);
}

function block(head: string, ...members: readonly (string | false)[]): string {
  return `${head} {\n${indent("\t", lines(...members))}\n}`;
}
