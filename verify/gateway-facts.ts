/** What the probes on the gateway print, read. */
import { z } from "zod";
import { readAddresses } from "./client-facts";
import { commentedRules } from "./nft-rules";
import { cell, parseCsv, readJson, section, type Sections } from "./sections";

export type GatewayFacts = ReturnType<typeof readGatewayFacts>;
export type Pool4Fact = GatewayFacts["pool4"][number];
export type TranslationFacts = ReturnType<typeof readTranslations>;
export type SessionFact = TranslationFacts["sessions"][number];
export type Endpoint = ReturnType<typeof endpoint>;

/** Packets that the firewall has counted, by the rule's comment; as a text: why that cannot be told. */
export type Counters = ReadonlyMap<string, number> | string;

type Row = Readonly<Record<string, string>>;

const protocols = ["Tcp", "Udp", "Icmp"] as const;
const tables = ["sessions", "bib"] as const;

/** What the gateway translates, as Jool's tables say (jool-session(8), jool-bib(8)): probes/translations.sh. */
export function readTranslations(sections: Sections) {
  return {
    /** Whether its tables could be read: an empty one is something else. */
    told: tables.every((table) => isTold(sections, table)),
    sessions: readSessions(sections),
    bib: rows(sections, "bib").map((row) => ({
      protocol: cell(row, "Protocol"),
      client: endpoint(row, "IPv6"),
      ipv4: endpoint(row, "IPv4"),
      isStatic: ["true", "1"].includes(cell(row, "Static?")),
    })),
  };
}

export function isTold(sections: Sections, table: (typeof tables)[number]): boolean {
  return protocols.every((each) => section(sections, `${table}${each}`).exitCode === 0);
}

/** The client, its image in IPv4, and the IPv4 server. */
export function readSessions(sections: Sections) {
  return rows(sections, "sessions").map((row) => ({
    protocol: cell(row, "Protocol"),
    client: endpoint(row, "IPv6 Remote"),
    /** The server as the client sees it, inside pool6. */
    serverIpv6: endpoint(row, "IPv6 Local"),
    ipv4: endpoint(row, "IPv4 Local"),
    server: endpoint(row, "IPv4 Remote"),
    expiresIn: cell(row, "Expires in"),
    state: cell(row, "State"),
  }));
}

function rows(sections: Sections, table: (typeof tables)[number]): Row[] {
  return protocols.flatMap((protocol) => parseCsv(section(sections, `${table}${protocol}`).output));
}

function endpoint(row: Row, side: string) {
  /** `id`: port, or ICMP identifier. */
  return { address: cell(row, `${side} Address`), id: cell(row, `${side} L4-ID`) };
}

/** ip-route(8): a metric that is not told is 0, and a route of several ways has no card of its own. */
const routesSchema = z.array(
  z.object({
    gateway: z.string().default(""),
    dev: z.string().default("several cards"),
    metric: z.number().default(0),
  }),
);

/**
 * How the gateway's services are, and what they stand on: probes/gateway.sh.
 * @param heardAt when it was said, by the clock of the machine that looks; milliseconds since 1970.
 */
export function readGatewayFacts(sections: Sections, heardAt: number) {
  const said = (name: string): string => section(sections, name).output;
  return {
    units: readUnits(said("units")),
    instances: parseCsv(said("instance")).map((row) => cell(row, "Name")),
    kernel: said("kernel"),
    joolVersion: section(sections, "module").exitCode === 0 ? said("module") : "",
    /** Jool's globals by name; empty without an instance. */
    globals: new Map(parseCsv(said("global")).map((row) => [cell(row, "Field"), cell(row, "Value")])),
    pool4: parseCsv(said("pool4")).map((row) => ({
      protocol: cell(row, "Protocol"),
      address: cell(row, "Address"),
      first: Number(cell(row, "Min port")),
      last: Number(cell(row, "Max port")),
    })),
    /** Whether packets that come in there are forwarded, by card; `all` is the kernel's word for the whole machine. */
    forwarding: said("forwarding")
      .split("\n")
      .map((line) => line.split(" "))
      .map(([card = "", ipv4, ipv6]) => ({ card, IPv4: ipv4 === "1", IPv6: ipv6 === "1" })),
    wrongRules: [...wrongRules("IPv4", said("rulesIPv4")), ...wrongRules("IPv6", said("rulesIPv6"))],
    /** Of each card on a network: what the card has, and what the kernel goes by for IPv6. */
    mtus: said("mtu")
      .split("\n")
      .map((line) => line.split(" "))
      .map(([card = "", ...mtus]) => ({ card, mtus: mtus.map(Number) })),
    /** Of all cards. */
    addresses: readAddresses(sections, "lan"),
    /** First the one that the kernel takes: of the lowest metric. */
    defaultRoutes: readDefaultRoutes(sections, "uplink"),
    ipv6DefaultRoutes: readDefaultRoutes(sections, "uplink6"),
    /** An attempt to write a file. */
    disk: section(sections, "disk"),
    /** Seconds by which its clock is ahead of this machine's. */
    clockAhead: Math.round(Number(said("clock")) - heardAt / 1000),
  };
}

/** The kernel's own (ip-rule(8)). */
const ownRules = {
  IPv4: ["0: from all lookup local", "32766: from all lookup main", "32767: from all lookup default"],
  IPv6: ["0: from all lookup local", "32766: from all lookup main"],
} as const;

/** In what `ip rule` differs from the kernel's own: what leads past the routes whatever those are, and what leads to none. */
function wrongRules(family: keyof typeof ownRules, text: string): string[] {
  const own: readonly string[] = ownRules[family];
  const told = text.split("\n").map((line) => line.trim().replace(/\s+/g, " "));
  return [
    ...own
      .filter((rule) => !told.includes(rule))
      .map((rule) => `the kernel's own rule of ${family} is missing: ${rule}`),
    ...told
      .filter((rule) => rule !== "" && !own.includes(rule))
      .map((rule) => `a rule of ${family} is not the kernel's own: ${rule}`),
  ];
}

export type UnitFact = ReturnType<typeof readUnits>[number];

/** Whether a unit is there and active: of one that nobody tells of nothing is known. */
export function runs(unit: string, told: readonly Pick<UnitFact, "name" | "active">[]): boolean {
  return told.some(({ name, active }) => name === unit && active);
}

/** Those of the units that do not run, and how they are. */
export function unitsDown(wanted: readonly string[], told: readonly UnitFact[]): { unit: string; words: string }[] {
  return wanted
    .filter((unit) => !runs(unit, told))
    .map((unit) => ({ unit, words: `${unit} is ${told.find(({ name }) => name === unit)?.state ?? "not there"}` }));
}

/** Blocks of `systemctl show`, one a unit, separated by empty lines. */
export function readUnits(text: string) {
  return text.split("\n\n").flatMap((block) => {
    const property = (name: string) => new RegExp(`^${name}=(.*)$`, "m").exec(block)?.[1];
    const [name, active = "?", sub = "?"] = ["Id", "ActiveState", "SubState"].map(property);
    return name === undefined ? [] : [{ name, active: active === "active", state: `${active} (${sub})` }];
  });
}

function readDefaultRoutes(sections: Sections, name: string) {
  return [...readJson(sections, name, routesSchema)].sort((one, other) => one.metric - other.metric);
}

/** Networks have rules alike, each in a chain of its own. */
export function ruleName(chain: string, comment: string): string {
  return `${chain}: ${comment}`;
}

/** The counters of `nft --json list table`; none where there is no such table: it has counted nothing. */
export function readCounters(sections: Sections): Counters {
  const { exitCode, output } = section(sections, "counters");
  const isMissing = exitCode !== 0 && /^Error: No such file or directory/m.test(output);
  if (exitCode !== 0 && !isMissing) return `nft ended with ${exitCode}: ${output.replaceAll("\n", " ")}`;
  const sums = new Map<string, number>();
  for (const { chain, comment, packets } of isMissing ? [] : commentedRules(output)) {
    if (packets === undefined) continue;
    const rule = ruleName(chain, comment);
    sums.set(rule, (sums.get(rule) ?? 0) + packets);
  }
  return sums;
}
