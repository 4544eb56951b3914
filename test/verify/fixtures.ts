/** What the probes said in a healthy lab with the default configuration, shortened; and how to change it. */
import { z } from "zod";
import { parseConfig } from "../../plan/config";
import { planLab } from "../../plan/lab";
import { embedIpv4 } from "../../plan/rfc6052";
import {
  type ClientAccess,
  defaultRouters,
  ipv4Way,
  type LabAccess,
  networkOf,
  promisedBy,
  type PromisedIpv6,
  type PromisedNetwork,
} from "../../verify/access";
import type { ClientEvidence, GatewayEvidence } from "../../verify/checks/evidence";
import { readClientFacts, readFetch } from "../../verify/client-facts";
import {
  type Counters,
  readCounters,
  readGatewayFacts,
  readTranslations,
  type SessionFact,
} from "../../verify/gateway-facts";
import { Heard } from "../../verify/questions";
import { parseSections } from "../../verify/sections";
import * as packets from "./packets";

/** The lab of a configuration, with one client. */
export function labOf(config: Readonly<Record<string, unknown>> = {}, stack = "dev"): LabAccess {
  const plan = planLab(parseConfig(config), { project: "ipv6-only-lab", stack });
  return {
    promised: promisedBy(plan),
    segments: { lan: { group: "239.255.1.2", port: 50123 } },
    user: "lab",
    privateKey: "not used",
    gateway: { name: "gateway", host: "127.0.0.1", port: 2222, hostKey: "ssh-ed25519 g", console: "/g/console.log" },
    clients: plan.clients.map(({ name, network, addresses, lanMac, option108, clat }) => ({
      ...{ name, network, addresses, lanMac, option108, clat },
      hostKey: "ssh-ed25519 c",
      console: "/c/console.log",
    })),
  };
}

export const access = labOf();

/** The one network of a lab. */
export function networkIn({ promised: { networks } }: LabAccess): PromisedNetwork {
  const [network] = networks;
  if (network === undefined) throw new Error("The fixture has a network.");
  return network;
}

/** A network whose advertisements say something else. */
export function announcing(
  network: PromisedNetwork,
  change: (usual: PromisedIpv6["routerAdvertisements"]) => Partial<PromisedIpv6["routerAdvertisements"]>,
): PromisedNetwork {
  const { ipv6 } = network;
  if (ipv6 === undefined) throw new Error(`${network.name} has no IPv6.`);
  const usual = ipv6.routerAdvertisements;
  return { ...network, ipv6: { ...ipv6, routerAdvertisements: { ...usual, ...change(usual) } } };
}

/** The addresses of that lab, as its plan decides them. */
export const own = {
  client: "fc01::1:8871:1eff:fe21:427e",
  clientMac: "8a:71:1e:21:42:7e",
  clientLinkLocal: "fe80::8871:1eff:fe21:427e",
  gateway: "fc01:0:0:1::1",
  router: "fe80::581f:79ff:fe3f:4b03",
  routerMac: "5a:1f:79:3f:4b:03",
  server: "64:ff9b::c633:6407",
  stranger: "fd6f:7574:7369:248::2",
};

/** A connection of that client's through NAT64, as Jool's table has it. */
export const tableRow: SessionFact = {
  protocol: "TCP",
  client: { address: own.client, id: "40000" },
  serverIpv6: { address: own.server, id: "80" },
  ipv4: { address: "192.0.2.1", id: "61005" },
  server: { address: "198.51.100.7", id: "80" },
  expiresIn: "02:00:00",
  state: "ESTABLISHED",
};

export type Texts = Readonly<Record<string, string>>;

/** What came by name; an empty list is silence. */
export type Sounds = Readonly<Record<string, readonly string[]>>;

export function address(local: string, more: object = {}): object {
  return { family: "inet6", local, scope: "global", dynamic: true, ...more };
}

export function onLan(...addresses: readonly object[]): string {
  return JSON.stringify([
    { ifname: "lo", addr_info: [{ family: "inet", local: "127.0.0.1", scope: "host" }] },
    { ifname: "lan", addr_info: [...addresses, { family: "inet6", local: own.clientLinkLocal, scope: "link" }] },
  ]);
}

export function pref64(...prefixes: readonly (readonly [number[], number])[]): string {
  const options = prefixes.map(([front, PrefixLength]) => ({
    Prefix: [...front, ...Array.from({ length: 16 - front.length }, () => 0)],
    PrefixLength,
  }));
  return JSON.stringify({ Name: "lan", NDisc: { PREF64: options } });
}

export function defaultRoutes(...gateways: readonly string[]): string {
  return JSON.stringify(gateways.map((gateway) => ({ dst: "default", gateway, dev: "lan", protocol: "ra" })));
}

/** Where packets go on a network, as the route of each says. */
function waysOf(client: ClientAccess, network: PromisedNetwork): Texts {
  const [router] = defaultRouters(network);
  const ipv6 = router === undefined ? [] : [{ gateway: router, dev: "lan" }];
  const ipv4 = {
    native: [{ gateway: network.ipv4?.gatewayAddress, dev: "lan" }],
    clat: [{ dev: "clat" }],
    none: [],
  }[ipv4Way(client, network)];
  return { [`way-${own.server}`]: JSON.stringify(ipv6), "way-198.51.100.7": JSON.stringify(ipv4) };
}

/** The same said by a client whose CLAT runs, with one address. */
export function withClat(says: Texts, ipv4 = "192.0.0.1"): Texts {
  const card = { ifname: "clat", addr_info: [{ family: "inet", local: ipv4, scope: "global" }] };
  return {
    ...says,
    addresses: (says.addresses ?? "[]").replace(/\]$/, `,${JSON.stringify(card)}]`),
    routes4: JSON.stringify([
      ...z.array(z.unknown()).parse(JSON.parse(says.routes4 ?? "[]")),
      { dst: "default", dev: "clat", metric: 2048 },
    ]),
  };
}

export const clientSays: Texts = {
  addresses: onLan(address(own.client)),
  routes6: defaultRoutes(own.router),
  routes4: "[]",
  source: JSON.stringify([{ dst: own.server, gateway: own.router, dev: "lan", prefsrc: own.client }]),
  programs: `198.51.100.7 ${own.server}`,
  pinned: "",
  "dns-by": `Global:\nLink 2 (lan): ${own.gateway}`,
  clock: "1795460266",
  mtu: "1500",
  lan: pref64([[0, 0x64, 0xff, 0x9b], 96]),
  resolver: `# managed by systemd-resolved\n\nnameserver ${own.gateway}\nsearch .`,
  "own-ipv4only.arpa":
    "ipv4only.arpa IN AAAA 64:ff9b::c000:ab    -- link: lan\nipv4only.arpa IN AAAA 64:ff9b::c000:aa    -- link: lan",
};

const fetched: Texts = {
  url: "http://mirror.example/debian/dists/trixie/InRelease",
  fetch: `200 140421 ${own.server} 47942 0.246815`,
};

const heardByClient: Sounds = {
  "icmpv6-134": [`${own.routerMac} ${packets.advertisement()}`],
  "icmpv6-136": [],
  "dhcpv6-7": [`${own.routerMac} ${packets.dhcpv6("reply", { dns: [own.gateway] })}`],
  "dhcpv6-2": [`${own.routerMac} ${packets.dhcpv6("advertise", { dns: [own.gateway] })}`],
  ipv4only: [packets.dns(0, "64:ff9b::c000:aa", "64:ff9b::c000:ab")],
  "host-aaaa": [packets.dns(0, own.server)],
  "host-a": [packets.dns(0, "198.51.100.7")],
  fresh: [packets.dns(3)],
  "neighbour-gateway": ["8100d977"],
  ssh: [],
};

const gateway: Texts = {
  instance: "Namespace,Name,Framework\n0x1,default,netfilter",
  pool4: "Mark,Protocol,Address,Min port,Max port,Iterations,Iterations fixed",
  kernel: "6.12.0-cloud-amd64",
  module: "4.1.13.0",
  mtu: "lan 1500 1500",
  lan: JSON.stringify([{ ifname: "lan", addr_info: [address(own.gateway), address(own.router, { scope: "link" })] }]),
  uplink: '[{"dst":"default","gateway":"10.0.2.2","dev":"uplink","protocol":"dhcp","metric":100}]',
  uplink6: '[{"dst":"default","gateway":"fe80::2","dev":"uplink","protocol":"ra","metric":100,"pref":"medium"}]',
  rulesIPv4: "0:\tfrom all lookup local\n32766:\tfrom all lookup main\n32767:\tfrom all lookup default",
  rulesIPv6: "0:\tfrom all lookup local\n32766:\tfrom all lookup main",
  disk: "",
  clock: "1795460266",
};

/** All that is to run on a lab's gateway does. */
function running({ promised: { units } }: LabAccess): string {
  return units.map((unit) => `Result=success\nId=${unit}\nActiveState=active\nSubState=running`).join("\n\n");
}

/** It forwards what comes in by any of its cards. */
function forwarding({ promised: { networks } }: LabAccess): string {
  return ["all", "uplink", ...networks.map(({ card }) => card)].map((card) => `${card} 1 1`).join("\n");
}

/** Jool 4.1's globals of a lab as they are planned, but for those of `change`. */
export function globals({ promised }: LabAccess, change: Texts = {}): string {
  const { dropExternallyInitiatedTcp, staticBindings, prefix } = promised.nat64;
  const shown: Texts = {
    "manually-enabled": "TRUE",
    pool6: prefix,
    "lowest-ipv6-mtu": "1280",
    tos: "0",
    "mtu-plateaus": '"65535,32000"',
    "address-dependent-filtering": "FALSE",
    "drop-externally-initiated-tcp":
      dropExternallyInitiatedTcp && !staticBindings.some(({ protocol }) => protocol === "TCP") ? "TRUE" : "FALSE",
    "drop-icmpv6-info": "FALSE",
    "handle-rst-during-fin-rcv": "TRUE",
    "tcp-est-timeout": "2:00:00",
    "tcp-trans-timeout": "0:04:00",
    "udp-timeout": "0:05:00",
    "icmp-timeout": "0:01:00",
    ...change,
  };
  const lines = Object.entries(shown).map((pair) => pair.join(","));
  return ["Field,Value", ...lines].join("\n");
}

const heardByGateway: Sounds = {
  there: [own.stranger],
  "refusal-lan": [packets.dns(5)],
  cable: ["8100e827"],
  resolver: [],
  ssh: [],
  client: [],
};

/** When a clock was read, by the machine that looks. */
const heardAt = 1_795_460_266_400;

const sessionHead =
  "Protocol,IPv6 Remote Address,IPv6 Remote L4-ID,IPv6 Local Address,IPv6 Local L4-ID," +
  "IPv4 Local Address,IPv4 Local L4-ID,IPv4 Remote Address,IPv4 Remote L4-ID,Expires in,State";
const bibHead = "Protocol,IPv6 Address,IPv6 L4-ID,IPv4 Address,IPv4 L4-ID,Static?";

export interface Translated {
  readonly from?: string;
  readonly port?: string;
  readonly to?: string;
  readonly server?: string;
}

/** A row of Jool's session table. */
export function session(protocol: "TCP" | "UDP", { from = own.client, port, to, server }: Translated = {}): string {
  const [defaultPort, serverPort] = protocol === "TCP" ? ["47942", "80"] : ["50000", "9"];
  const six = `${from},${port ?? defaultPort},${to ?? own.server},${serverPort}`;
  return `${protocol},${six},10.0.2.15,62415,${server ?? "198.51.100.7"},${serverPort},0:03:59.1,TRANS`;
}

const translated: Texts = {
  sessionsTcp: session("TCP"),
  sessionsUdp: session("UDP"),
  sessionsIcmp: "",
  bibTcp: `TCP,${own.client},47942,10.0.2.15,62415,0`,
  bibUdp: "",
  bibIcmp: "",
};

function translations(change: Texts = {}, exitCodes: Readonly<Record<string, number>> = {}) {
  const sections = Object.entries({ ...translated, ...change }).map(([name, rows]): [string, string] => [
    name,
    `${name.startsWith("bib") ? bibHead : sessionHead}\n${rows}`,
  ]);
  return readTranslations(parseSections(printed(Object.fromEntries(sections), exitCodes)));
}

export const dropped: Readonly<Record<string, number>> = {
  "prerouting: translator used from elsewhere": 3,
  "forward: not forwarded": 5,
  "from_lan: IPv4 on the LAN": 7,
  "from_lan: spoofed IPv6 source": 8,
  "from_lan: denied IPv4 destination": 18,
};

/** The ruleset as nft prints it, with what its rules have counted. */
function counted(packets: Readonly<Record<string, number>>): Counters {
  const rules = Object.entries(packets).map(([rule, count]) => ({
    rule: {
      table: "ipv6_only_lab",
      chain: rule.split(": ")[0],
      comment: rule.split(": ")[1],
      expr: [{ match: {} }, { counter: { packets: count, bytes: 60 } }, { drop: null }],
    },
  }));
  const counters = JSON.stringify({ nftables: [{ metainfo: {} }, { table: {} }, ...rules] });
  return readCounters(parseSections(printed({ counters })));
}

export interface ClientChange {
  readonly lab?: LabAccess;
  readonly says?: Texts;
  readonly exitCodes?: Readonly<Record<string, number>>;
  readonly fetched?: Texts;
  /** What came from the address that DNS64 owes the content's name; left out: what came by the name. */
  readonly fetchedAtAddress?: Texts;
  /** What came from the content's IPv4 address, and while a connection went through a CLAT. */
  readonly fetchedByIpv4?: Texts | undefined;
  readonly overhears?: Sounds;
  readonly bindings?: ClientEvidence["bindings"];
  readonly peers?: ClientEvidence["peers"];
  readonly hears?: Sounds;
  readonly translates?: Texts;
  readonly pinged?: boolean;
  readonly uplinkCarriesPings?: boolean | undefined;
}

export function clientEvidence(change: ClientChange = {}): ClientEvidence {
  const { lab = access, pinged = true, exitCodes } = change;
  const [first] = lab.clients;
  if (first === undefined) {
    throw new Error("The fixture has a client.");
  }
  const content = readFetch(parseSections(printed({ ...fetched, ...change.fetched }, exitCodes)));
  const { sessions } = translations(change.translates);
  const hears = { ...heardByClient, ...change.hears };
  const same = { "ipv4only-tcp": hears.ipv4only ?? [], "ipv4only-by-ipv4": hears.ipv4only ?? [] };
  const heard = heardOf({ ...same, ...hears });
  // Its programs are told what the resolver says.
  const programs = ["host-a", "host-aaaa"].flatMap((name) => heard.dns(name)?.addresses ?? []).join(" ");
  const usual = { ...clientSays, ...waysOf(first, networkOf(lab, first)), programs };
  return {
    lab,
    access: first,
    network: networkOf(lab, first),
    byIpv4:
      change.fetchedByIpv4 === undefined
        ? undefined
        : readFetch(parseSections(printed({ ...fetched, ...change.fetchedByIpv4 }, exitCodes))),
    clat: change.overhears === undefined ? undefined : heardOf(change.overhears),
    bindings: change.bindings,
    facts: readClientFacts(parseSections(printed({ ...usual, ...change.says }, exitCodes)), heardAt),
    content,
    fetch:
      change.fetchedAtAddress === undefined
        ? content
        : readFetch(parseSections(printed({ ...fetched, ...change.fetchedAtAddress }))),
    heard,
    port: 50_000,
    neighbours: ["gateway"],
    peers: change.peers ?? [],
    pinged,
    uplinkCarriesPings: "uplinkCarriesPings" in change ? change.uplinkCarriesPings : true,
    sessions,
  };
}

/** Where a client would send to reach a denied IPv4 address. */
export function embedded(ipv4: string): string {
  return embedIpv4(access.promised.nat64.prefix, ipv4);
}

export interface GatewayChange {
  readonly lab?: LabAccess;
  readonly says?: Texts;
  readonly exitCodes?: Readonly<Record<string, number>>;
  readonly hears?: Sounds;
  readonly translates?: Texts;
  /** In the place of two packets of each rule. */
  readonly before?: Counters;
  readonly after?: Readonly<Record<string, number>>;
  /** Why that could not be told. */
  readonly uncounted?: string;
  readonly clients?: number;
  /** The networks of the clients that spoke; left out: that one network, once for each client. */
  readonly spoke?: readonly PromisedNetwork[];
}

export function gatewayEvidence(change: GatewayChange = {}): GatewayEvidence {
  const before = Object.fromEntries(Object.keys(dropped).map((rule) => [rule, 2]));
  const since = {
    ...dropped,
    "from_lan: denied IPv4 destination": 2 + access.promised.nat64.deniedIpv4.length,
    ...change.after,
  };
  const { lab = access, exitCodes } = change;
  const says = {
    ...{ units: running(lab), forwarding: forwarding(lab), global: globals(lab) },
    ...gateway,
    ...change.says,
  };
  return {
    lab,
    facts: readGatewayFacts(parseSections(printed(says, exitCodes)), heardAt),
    heard: heardOf({ ...heardByGateway, ...change.hears }),
    translations: translations(change.translates, exitCodes),
    before: change.before ?? counted(before),
    after: change.uncounted ?? counted(since),
    spoke: change.spoke ?? Array.from({ length: change.clients ?? 1 }, () => networkIn(lab)),
  };
}

function heardOf(sounds: Sounds): Heard {
  return new Heard(
    Object.entries(sounds)
      .flatMap(([name, all]) => all.map((what) => `${name} ${what}\n`))
      .join(""),
  );
}

/** The text that a probe prints; a section of `exitCodes` ended with that one. */
export function printed(sections: Texts, exitCodes: Readonly<Record<string, number>> = {}): string {
  return Object.entries(sections)
    .map(([name, output]) => `### ${name} ${exitCodes[name] ?? 0}\n${output}\n`)
    .join("");
}
