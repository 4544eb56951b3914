/** What the gateway runs, stands on and refuses. */
import { containsPrefix, parseIpv4Prefix } from "../../plan/prefix";
import { sameAddress } from "../addresses";
import type { Pool4Fact } from "../gateway-facts";
import { deniedDestinations } from "../questions";
import { rcodes, readDnsAnswer } from "../wire/dns";
import { type Check, fail, judge, listed, pass, skip, type Verdict } from "./check";
import { type GatewayEvidence, look, putBack } from "./evidence";

export const gatewayChecks: readonly Check<GatewayEvidence>[] = [
  { title: "every service runs", judge: checkServices, remedy: putBack },
  {
    title: "one NAT64 translator is in the kernel, with the planned prefix and pool",
    judge: checkTranslator,
    remedy: putBack,
  },
  {
    title: "the translator has ports left",
    judge: checkPorts,
    remedy: (seen) =>
      `Sessions end by themselves after nat64.timeouts; now: ${gatewayShell(seen, "sudo systemctl restart jool")}. If it happens again, widen nat64.pool4.`,
  },
  { title: "it forwards packets of both families", judge: checkForwarding, remedy: putBack },
  {
    title: "its uplink leads out",
    judge: checkUplink,
    remedy: (seen) => `Let it configure its card anew: ${gatewayShell(seen, "sudo networkctl reconfigure uplink")}`,
  },
  { title: "its LAN card has the planned address and MTU", judge: checkLanCard, remedy: putBack },
  {
    title: "it can write to its disk",
    judge: ({ facts: { disk } }) => judge(disk.exitCode === 0, disk.output || "64 KiB"),
    remedy: (seen) => `See what fills it: ${gatewayShell(seen, "sudo du -xah / | sort -rh | head -n 20; df -h /")}`,
  },
  {
    title: "its clock is right",
    judge: ({ facts: { clockAhead } }) => judge(Math.abs(clockAhead) <= 60, `${clockAhead} s ahead of this machine's`),
    remedy: (seen) => `Set it: ${gatewayShell(seen, "sudo date -u -s @$(date +%s)")}`,
  },
  { title: "the resolver refuses whoever is not on the LAN", judge: checkRefusal, remedy: putBack },
  { title: "a stranger beside the LAN gets no answer from the resolver and SSH", judge: checkDoors, remedy: putBack },
  { title: "a stranger beside the LAN cannot use NAT64", judge: checkStrangersNat64, remedy: putBack },
  { title: "a stranger beside the LAN cannot reach the clients", judge: checkStrangersWay, remedy: putBack },
  {
    title: "the firewall drops IPv4, false sources and denied destinations of the LAN",
    judge: checkDrops,
    remedy: putBack,
  },
];

function gatewayShell(seen: GatewayEvidence, words: string): string {
  return look(seen, seen.lab.gateway.name, words);
}

function checkServices(seen: GatewayEvidence): Verdict {
  const { facts, lab } = seen;
  const down = lab.promised.units.filter((unit) => !facts.units.some((known) => known.name === unit && known.active));
  return down.length === 0
    ? pass(lab.promised.units.map((unit) => unit.replace(".service", "")).join(", "))
    : fail(
        down
          .map((unit) => `${unit} is ${facts.units.find(({ name }) => name === unit)?.state ?? "not there"}`)
          .join(", "),
        `${putBack(seen)} If it ends again, see why: ${gatewayShell(seen, `sudo journalctl -b -u ${down[0] ?? ""}`)}`,
      );
}

function checkTranslator({ facts, lab }: GatewayEvidence): Verdict {
  const { instances, globals, joolVersion, kernel } = facts;
  if (instances.length !== 1) {
    return fail(`${instances.length} Jool instances on kernel ${kernel}`);
  }
  const { prefix } = lab.promised.nat64;
  const pool6 = globals.get("pool6") ?? "";
  const wrong = [
    ...(globals.get("manually-enabled") === "TRUE" ? [] : ["it is switched off"]),
    ...(pool6 === prefix ? [] : [`pool6 is ${pool6}`]),
    ...(isPlannedPool4(facts.pool4, lab.promised.nat64.pool4)
      ? []
      : [
          `pool4 is ${listed(
            facts.pool4.map(({ protocol, address, first, last }) => `${protocol} ${address} ${first}-${last}`),
            "empty",
          )}`,
        ]),
  ];
  return judge(wrong.length === 0, wrong.length === 0 ? `Jool ${joolVersion} on kernel ${kernel}` : wrong.join(", "));
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
  const rows = facts.pool4.filter(({ protocol }) => protocol === "TCP");
  const all =
    facts.pool4.length === 0 ? automaticPorts : rows.reduce((sum, { first, last }) => sum + last - first + 1, 0);
  const used = translations.bib.filter(({ protocol }) => protocol === "TCP").length;
  // Jool gives up looking for a free one before it has tried all.
  return judge(used < all * 0.95, `${used} of ${all} for TCP are taken`);
}

function checkForwarding({ facts: { forwarding } }: GatewayEvidence): Verdict {
  const off = ["IPv4", "IPv6"].filter((_, index) => forwarding[index] !== true);
  return judge(off.length === 0, off.length === 0 ? "IPv4, IPv6" : `not ${off.join(", ")}`);
}

function checkUplink({ facts: { uplinkRoutes } }: GatewayEvidence): Verdict {
  return judge(
    uplinkRoutes.some(({ dev }) => dev === "uplink"),
    listed(
      uplinkRoutes.map(({ gateway, dev }) => `${gateway} dev ${dev}`),
      "no IPv4 default route",
    ),
  );
}

function checkLanCard({ facts, lab }: GatewayEvidence): Verdict {
  const { gatewayAddress, mtu } = lab.promised.lan;
  const own = facts.lan.filter(({ scope, family }) => scope === "global" && family === "inet6");
  return judge(
    own.some(({ address, usable }) => usable && sameAddress(address, gatewayAddress)) &&
      facts.mtu.every((each) => each === mtu),
    `${listed(
      own.map(({ address, usable }) => (usable ? address : `${address} (duplicate or tentative)`)),
      "no address",
    )}, MTU ${[...new Set(facts.mtu)].join(" and ")}`,
  );
}

function checkRefusal({ heard }: GatewayEvidence): Verdict {
  const [answer] = heard.of("refusal").flatMap((hex) => readDnsAnswer(hex) ?? []);
  return judge(
    answer?.rcode === rcodes.refused,
    answer === undefined
      ? "no answer"
      : answer.rcode === rcodes.refused
        ? "REFUSED"
        : `it answered (RCODE ${answer.rcode})`,
  );
}

/** Without an answer to its ping there is no stranger, and no silence proves anything. */
function asStranger({ heard }: GatewayEvidence, verdict: () => Verdict): Verdict {
  return heard.answered("cable") ? verdict() : fail("the stranger's ping of the gateway itself was not answered");
}

function checkDoors(seen: GatewayEvidence): Verdict {
  const { heard } = seen;
  const open = [...(heard.answered("resolver") ? ["DNS"] : []), ...(heard.of("ssh").includes("open") ? ["SSH"] : [])];
  return asStranger(seen, () =>
    judge(open.length === 0, open.length === 0 ? "no answer" : `${open.join(", ")} answered`),
  );
}

function checkStrangersNat64(seen: GatewayEvidence): Verdict {
  const [stranger = ""] = seen.heard.of("there");
  const taken = seen.translations.sessions.filter(({ client }) => sameAddress(client.address, stranger));
  return asStranger(seen, () =>
    judge(
      taken.length === 0 && counted(seen, "translator used from elsewhere") > 0,
      taken.length === 0
        ? `${counted(seen, "translator used from elsewhere")} packets dropped`
        : `${taken.length} sessions`,
    ),
  );
}

function checkStrangersWay(seen: GatewayEvidence): Verdict {
  const answered = seen.heard.answered("client");
  const refused = counted(seen, "not forwarded");
  return asStranger(seen, () =>
    judge(!answered && refused > 0, answered ? "a client answered" : `${refused} packets refused`),
  );
}

function checkDrops(seen: GatewayEvidence): Verdict {
  const expected = [
    { rule: "IPv4 on the LAN", least: 1 },
    { rule: "spoofed source", least: 1 },
    { rule: "denied IPv4 destination", least: deniedDestinations(seen.lab).length },
  ];
  const drops = expected.map(({ rule, least }) => ({
    rule,
    packets: counted(seen, rule),
    least: least * seen.clients,
  }));
  if (seen.clients === 0) {
    return skip("no client could be asked to send any: see below");
  }
  return judge(
    drops.every(({ packets, least }) => packets >= least),
    drops
      .map(({ rule, packets, least }) => `${rule}: ${packets}${packets < least ? ` of at least ${least}` : ""}`)
      .join(", "),
  );
}

/** Packets that a rule has met since the first look. */
function counted({ before, after }: GatewayEvidence, rule: string): number {
  const now = after.get(rule);
  return now === undefined ? 0 : now - (before.get(rule) ?? 0);
}
