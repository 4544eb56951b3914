/** What the gateway runs, stands on and refuses. */
import { uplink } from "../../plan/interfaces";
import { containsPrefix, parseIpv4Prefix } from "../../plan/prefix";
import { chainOf, nat66Rule, outRule } from "../../services/nftables";
import { gatewayAddresses, type PromisedNetwork, routesIpv6 } from "../access";
import { sameAddress, sameHosts } from "../addresses";
import { plannedEntry, staticEntries } from "../bindings";
import { type Pool4Fact, ruleName, unitsDown } from "../gateway-facts";
import { deniedDestinations, refusedDestinations, victims } from "../questions";
import { rcodes } from "../../plan/dns-parameters";
import { type Check, fail, judge, listed, noneOf, pass, skip, type Verdict } from "./check";
import { clockCheck } from "./clock";
import { type GatewayEvidence, look, putBack } from "./evidence";

export const gatewayChecks: readonly Check<GatewayEvidence>[] = [
  { title: "every service runs", judge: checkServices },
  {
    title: "one NAT64 translator is in the kernel, with the planned prefix, pool and settings",
    judge: checkTranslator,
  },
  {
    title: "the translator has ports left",
    judge: checkPorts,
    remedy: (seen) =>
      `Sessions end by themselves after nat64.timeouts; now: ${gatewayShell(seen, "sudo systemctl restart jool")}. If it happens again, widen nat64.pool4.`,
  },
  {
    where: ({ lab, translations }) =>
      lab.promised.nat64.staticBindings.length > 0 || translations.bib.some(({ isStatic }) => isStatic),
    title: "the translator has the planned static bindings, and no others",
    judge: checkBindings,
  },
  { title: "it forwards packets of both families", judge: checkForwarding },
  {
    title: "its IPv4 default route is by its uplink",
    judge: (seen) => checkUplink(seen, "IPv4"),
    remedy: reconfigureUplink,
  },
  {
    where: ({ lab }) => routesIpv6(lab.promised),
    title: "its IPv6 default route is by its uplink",
    judge: (seen) => checkUplink(seen, "IPv6"),
    remedy: reconfigureUplink,
  },
  {
    title: ({ lab }) =>
      lab.promised.networks.length === 1
        ? "its LAN card has the planned address and MTU"
        : "its card on each network has the planned addresses and MTU",
    judge: checkCards,
  },
  {
    title: "it can write to its disk",
    judge: checkDisk,
  },
  clockCheck<GatewayEvidence>(({ lab }) => lab.gateway.name),
  { title: "the resolver refuses whoever is not on the LAN", judge: checkRefusal },
  { title: "a stranger beside the LAN gets no answer from the resolver and SSH", judge: checkDoors },
  { title: "a stranger beside the LAN cannot use NAT64", judge: checkStrangersNat64 },
  { title: "a stranger beside the LAN cannot reach the clients", judge: checkStrangersWay },
  {
    title: "the firewall drops what a network must not carry, false sources and denied destinations",
    judge: checkDrops,
  },
  {
    where: ({ lab }) => routesIpv6(lab.promised),
    title: ({ lab }) =>
      lab.promised.uplink.ipv6 === "nat66"
        ? "clients' IPv6 leaves by the uplink, from the gateway's address (NAT66)"
        : "clients' IPv6 leaves by the uplink",
    judge: checkOutward,
  },
];

function reconfigureUplink(seen: GatewayEvidence): string {
  return `Let it configure its card anew: ${gatewayShell(seen, "sudo networkctl reconfigure uplink")}`;
}

function gatewayShell(seen: GatewayEvidence, words: string): string {
  return look(seen, seen.lab.gateway.name, words);
}

function checkServices(seen: GatewayEvidence): Verdict {
  const { facts, lab } = seen;
  const down = unitsDown(lab.promised.units, facts.units);
  return down.length === 0
    ? pass(lab.promised.units.map((unit) => unit.replace(".service", "")).join(", "))
    : fail(
        down.map(({ words }) => words).join(", "),
        `${putBack(seen)} If it ends again, see why: ${gatewayShell(seen, `sudo journalctl -b -u ${down[0]?.unit ?? ""}`)}`,
      );
}

function checkTranslator({ facts, lab }: GatewayEvidence): Verdict {
  const { instances, globals, joolVersion, kernel } = facts;
  if (instances.length !== 1) {
    return fail(`${instances.length} Jool instances on kernel ${kernel}`);
  }
  const { prefix, pool4, globals: planned } = lab.promised.nat64;
  const pool6 = globals.get("pool6") ?? "";
  const ranges = facts.pool4.map(({ protocol, address, first, last }) => `${protocol} ${address} ${first}-${last}`);
  const wrong = [
    ...(globals.get("manually-enabled") === "TRUE" ? [] : ["it is switched off"]),
    ...(pool6 === prefix ? [] : [`pool6 is ${pool6}`]),
    ...(isPlannedPool4(facts.pool4, pool4) ? [] : [`pool4 is ${listed(ranges, "empty")}`]),
    ...Object.entries(planned).flatMap(([name, value]) => wrongSetting(name, globals.get(name), value)),
  ];
  return noneOf(wrong, `Jool ${joolVersion} on kernel ${kernel}`);
}

/** A setting as the file has it and as `jool global display --csv` does: booleans as words, hours as they are. */
function wrongSetting(name: string, seen: string | undefined, planned: string | number | boolean): string[] {
  const wanted =
    typeof planned === "boolean" ? String(planned).toUpperCase() : String(planned).replace(/^0(?=\d+:)/, "");
  return seen === wanted ? [] : [`${name} is ${seen ?? "not told"}, not ${wanted}`];
}

type PlannedPool4 = GatewayEvidence["lab"]["promised"]["nat64"]["pool4"];

/** Jool shows an entry's every address as a row. */
function isPlannedPool4(pool4: readonly Pool4Fact[], planned: PlannedPool4): boolean {
  const entries = planned.kind === "automatic" ? [] : planned.entries;
  const matches = (fact: Pool4Fact, entry: (typeof entries)[number]): boolean =>
    fact.protocol === entry.protocol &&
    `${fact.first}-${fact.last}` === entry.portRange &&
    containsPrefix(parseIpv4Prefix(entry.prefix), parseIpv4Prefix(`${fact.address}/32`));
  const size = entries.reduce((sum, { prefix }) => sum + 2 ** (32 - parseIpv4Prefix(prefix).length), 0);
  return pool4.length === size && pool4.every((fact) => entries.some((entry) => matches(fact, entry)));
}

/** What Jool takes without a pool4 (jool-pool4(8)). */
const automaticPorts = 65_535 - 61_001 + 1;

/** TCP, of which every connection needs a port of its own client's. */
function checkPorts({ facts, translations }: GatewayEvidence): Verdict {
  if (!translations.told) return skip("the translator's tables cannot be read: see above");
  const rows = facts.pool4.filter(({ protocol }) => protocol === "TCP");
  const all =
    facts.pool4.length === 0 ? automaticPorts : rows.reduce((sum, { first, last }) => sum + last - first + 1, 0);
  const used = translations.bib.filter(({ protocol }) => protocol === "TCP").length;
  // Jool gives up looking for a free one before it has tried all.
  return judge(used < all * 0.95, `${used} of ${all} for TCP are taken`);
}

function checkBindings({ lab, translations }: GatewayEvidence): Verdict {
  const planned = lab.promised.nat64.staticBindings.map(plannedEntry);
  const there = staticEntries(translations.bib);
  const missing = planned.filter((each) => !there.includes(each));
  const foreign = there.filter((each) => !planned.includes(each));
  return noneOf(
    [
      ...missing.map((each) => `missing: ${each}`),
      ...foreign.slice(0, 3).map((each) => `not planned: ${each}`),
      ...(foreign.length > 3 ? [`${foreign.length - 3} more that are not planned`] : []),
    ],
    planned.join("; "),
  );
}

function checkForwarding({ facts: { forwarding, wrongRules }, lab }: GatewayEvidence): Verdict {
  const cards = ["all", uplink, ...lab.promised.networks.map(({ card }) => card)];
  const off = (["IPv4", "IPv6"] as const).flatMap((family) => {
    const where = cards.filter((card) => forwarding.find((each) => each.card === card)?.[family] !== true);
    if (where.length === 0) return [];
    return [where.includes("all") ? family : `${family} that comes in by ${where.join(" and ")}`];
  });
  const wrong = [...(off.length === 0 ? [] : [`not ${off.join(", ")}`]), ...wrongRules];
  return noneOf(wrong, "IPv4, IPv6");
}

function checkUplink(seen: GatewayEvidence, family: "IPv4" | "IPv6"): Verdict {
  const { defaultRoutes, ipv6DefaultRoutes } = seen.facts;
  const [taken, ...others] = family === "IPv4" ? defaultRoutes : ipv6DefaultRoutes;
  if (taken === undefined) return fail(`no ${family} default route`);
  const words = ({ gateway, dev }: typeof taken): string => `${gateway} dev ${dev}`.trim();
  if (taken.dev === uplink) return pass(words(taken));
  const instead = others.find(({ dev }) => dev === uplink);
  if (instead === undefined) return fail(words(taken));
  const option = family === "IPv4" ? "-4" : "-6";
  const removal = `sudo ip ${option} route del default dev ${taken.dev} metric ${taken.metric}`;
  return fail(
    `${words(taken)} is taken before ${words(instead)}: its metric is ${taken.metric}, not ${instead.metric}`,
    `Take it away: ${gatewayShell(seen, removal)}`,
  );
}

/** Who would answer there nobody knows: that what clients send leaves is counted. */
function checkOutward(seen: GatewayEvidence): Verdict {
  const networks = [...new Set(seen.spoke)].filter(({ ipv6 }) => ipv6 !== undefined);
  if (networks.length === 0) return skip("no client with IPv6 could be asked to send any: see below");
  const counts = countsOf(seen);
  if (typeof counts === "string") return skip(counts);
  const rules = networks.flatMap(({ card }) => [
    ruleName("forward", outRule(card, "ip6")),
    ...(seen.lab.promised.uplink.ipv6 === "nat66" ? [ruleName("postrouting", nat66Rule(card))] : []),
  ]);
  const met = rules.map((rule) => ({ rule, packets: counts(rule) }));
  const missed = met.filter(({ packets }) => packets === 0).map(({ rule }) => `nothing has met "${rule}"`);
  return noneOf(missed, met.map(({ rule, packets }) => `${rule}: ${packets}`).join(", "), missed.join(", "));
}

function checkDisk(seen: GatewayEvidence): Verdict {
  const { exitCode, output } = seen.facts.disk;
  if (exitCode === 0) return pass("64 KiB");
  // ENOSPC and EDQUOT. Whatever else keeps it from writing, a file system that is read-only or broken, no file fills.
  const remedy = /No space left on device|Disk quota exceeded/.test(output)
    ? `See what fills it: ${gatewayShell(seen, "sudo du -xah / | sort -rh | head -n 20; df -h / /var/tmp")}`
    : `See what is mounted there, and what the kernel says of it: ${gatewayShell(seen, "findmnt --target /var/tmp; sudo dmesg | tail -n 30")}`;
  return fail(output || `exit code ${exitCode}`, remedy);
}

function checkCards({ facts, lab }: GatewayEvidence): Verdict {
  const cards = lab.promised.networks.map((network) => {
    const own = facts.addresses.filter(({ device, scope }) => device === network.card && scope === "global");
    const mtus = facts.mtus.find(({ card }) => card === network.card)?.mtus ?? [];
    const usable = own.flatMap((each) => (each.usable ? [each.address] : []));
    const shown = own.map((each) => (each.usable ? each.address : `${each.address} (duplicate or tentative)`));
    return {
      right:
        sameHosts(usable, gatewayAddresses(network)) && mtus.length > 0 && mtus.every((mtu) => mtu === network.mtu),
      says: `${listed(shown, "no address")}, MTU ${[...new Set(mtus)].join(" and ")}`,
      card: network.card,
    };
  });
  const wrong = cards.filter(({ right }) => !right).map(({ card, says }) => `${card}: ${says}`);
  return noneOf(wrong, cards.map(({ says }) => says).join("; "), wrong.join("; "));
}

/** Where somebody beside the networks could come from: IPv6, which is what the stranger's cable carries. */
function doorNames({ lab }: GatewayEvidence): string[] {
  return lab.promised.networks.flatMap(({ name, ipv6 }) => (ipv6 === undefined ? [] : [name]));
}

function checkRefusal(seen: GatewayEvidence): Verdict {
  const names = doorNames(seen);
  if (names.length === 0) return skip("no network has IPv6, by which a stranger is played here");
  const wrong = names.flatMap((name) => {
    const answer = seen.heard.dns(`refusal-${name}`);
    if (answer === undefined) return [`${name}: no answer`];
    return answer.rcode === rcodes.REFUSED ? [] : [`${name}: it answered (RCODE ${answer.rcode})`];
  });
  return noneOf(wrong, "REFUSED");
}

/** Without an answer to its ping there is no stranger, and no silence proves anything. */
function asStranger({ heard }: GatewayEvidence, verdict: Verdict): Verdict {
  return heard.answered("cable") ? verdict : fail("the stranger's ping of the gateway itself was not answered");
}

function checkDoors(seen: GatewayEvidence): Verdict {
  const { heard } = seen;
  const open = [...(heard.answered("resolver") ? ["DNS"] : []), ...(heard.of("ssh").includes("open") ? ["SSH"] : [])];
  return asStranger(seen, noneOf(open, "no answer", `${open.join(", ")} answered`));
}

function checkStrangersNat64(seen: GatewayEvidence): Verdict {
  const [stranger = ""] = seen.heard.of("there");
  const taken = seen.translations.sessions.filter(({ client }) => sameAddress(client.address, stranger));
  if (taken.length > 0) return asStranger(seen, fail(`${taken.length} sessions`));
  const counts = countsOf(seen);
  if (typeof counts === "string") return asStranger(seen, skip(counts));
  const dropped = counts(ruleName("prerouting", "translator used from elsewhere"));
  return asStranger(seen, judge(dropped > 0, `${dropped} packets dropped`));
}

function checkStrangersWay(seen: GatewayEvidence): Verdict {
  const { heard, facts } = seen;
  if (victims(seen.lab.clients).length === 0)
    return skip("no client has IPv6 where it is, by which a stranger is played");
  if (heard.answered("client")) return fail("a client answered");
  const counts = countsOf(seen);
  if (typeof counts === "string") return asStranger(seen, skip(counts));
  const refused = counts(ruleName("forward", "not forwarded"));
  if (refused === 0 && facts.forwarding.find(({ card }) => card === "all")?.IPv6 !== true)
    return skip("the gateway forwards nothing at all: see above");
  return asStranger(seen, judge(refused > 0, `${refused} packets refused`));
}

function checkDrops(seen: GatewayEvidence): Verdict {
  if (seen.spoke.length === 0) {
    return skip("no client could be asked to send any: see below");
  }
  const counts = countsOf(seen);
  if (typeof counts === "string") return skip(counts);
  const tried = [...new Set(seen.spoke)].flatMap((network) => {
    const clients = seen.spoke.filter((each) => each === network).length;
    return mustDrop(seen, network).map(({ rule, each }) => {
      const [packets, least] = [counts(ruleName(chainOf(network), rule)), each * clients];
      return { rule, network, packets, least };
    });
  });
  const missed = tried.filter(({ packets, least }) => packets < least);
  if (missed.length > 0) {
    const on = ({ network }: (typeof missed)[number]): string =>
      seen.lab.promised.networks.length === 1 ? "" : ` on ${network.name}`;
    return fail(missed.map((each) => `${each.rule}${on(each)}: ${each.packets} of at least ${each.least}`).join(", "));
  }
  const sums = [...new Set(tried.map(({ rule }) => rule))].map((rule) => {
    const packets = tried.filter((each) => each.rule === rule).reduce((sum, each) => sum + each.packets, 0);
    return `${rule}: ${packets}`;
  });
  return pass(sums.join(", "));
}

/** The rules that what a client sends from a network meets, and how often at least. */
function mustDrop(
  { lab }: Pick<GatewayEvidence, "lab">,
  { ipv4, ipv6, translated }: PromisedNetwork,
): { rule: string; each: number }[] {
  const [denied, refused] = [deniedDestinations(lab).length, refusedDestinations(lab).length];
  return [
    { rule: ipv4 === undefined ? "IPv4 on the LAN" : "spoofed IPv4 source", each: 1 },
    { rule: ipv6 === undefined ? "IPv6 on the LAN" : "spoofed IPv6 source", each: 1 },
    ...(translated ? [{ rule: "denied IPv4 destination", each: denied }] : []),
    ...(translated || ipv6 === undefined ? [] : [{ rule: "NAT64 refused", each: refused }]),
  ].filter(({ each }) => each > 0);
}

/** Packets that a rule has met since the first look; as a text: why that cannot be told. */
function countsOf({ before, after }: GatewayEvidence): ((rule: string) => number) | string {
  if (typeof before === "string") return `what the firewall had counted before cannot be told: ${before}`;
  if (typeof after === "string") return `what the firewall has counted cannot be told: ${after}`;
  return (rule) => {
    const was = before.get(rule) ?? 0;
    const now = after.get(rule) ?? 0;
    // A ruleset that was loaded meanwhile has begun anew: all of it was counted since.
    return now >= was ? now - was : now;
  };
}
