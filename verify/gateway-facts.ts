import { z } from "zod";
import { type AddressFact, readAddresses } from "./client-facts";
import { cell, parseCsv, readJson, section, type Section, type Sections } from "./sections";

/** How the gateway's services are, and what they stand on, read from the output of probes/gateway.sh. */
export interface GatewayFacts {
  readonly units: readonly UnitFact[];
  readonly instances: readonly string[];
  readonly kernel: string;
  readonly joolVersion: string;
  /** Jool's globals by name; empty without an instance. */
  readonly globals: Readonly<Record<string, string>>;
  readonly pool4: readonly Pool4Fact[];
  /** IPv4, IPv6. */
  readonly forwarding: readonly boolean[];
  /** Of the LAN's card: what the card has, and what the kernel goes by for IPv6. */
  readonly mtu: readonly number[];
  readonly lan: readonly AddressFact[];
  readonly uplinkRoutes: readonly { readonly gateway: string; readonly dev: string }[];
  /** An attempt to write a file. */
  readonly disk: Section;
  /** Seconds by which its clock is ahead of this machine's. */
  readonly clockAhead: number;
}

export interface Pool4Fact {
  readonly protocol: string;
  readonly address: string;
  readonly first: number;
  readonly last: number;
}

/** Packets that the firewall has counted, by the rule's comment. */
export type Counters = ReadonlyMap<string, number>;

/** What the gateway translates, read from the output of probes/translations.sh. */
export interface TranslationFacts {
  readonly sessions: readonly SessionFact[];
  readonly bib: readonly BibFact[];
}

export interface UnitFact {
  readonly name: string;
  readonly active: boolean;
  readonly state: string;
}

/** One row of Jool's session table (jool-session(8)): the client, its image in IPv4, and the IPv4 server. */
export interface SessionFact {
  readonly protocol: string;
  readonly client: Endpoint;
  /** The server as the client sees it, inside pool6. */
  readonly serverIpv6: Endpoint;
  readonly ipv4: Endpoint;
  readonly server: Endpoint;
  readonly expiresIn: string;
  readonly state: string;
}

export interface BibFact {
  readonly protocol: string;
  readonly client: Endpoint;
  readonly ipv4: Endpoint;
  readonly isStatic: boolean;
}

export interface Endpoint {
  readonly address: string;
  /** Port, or ICMP identifier. */
  readonly id: string;
}

const protocols = ["Tcp", "Udp", "Icmp"] as const;

export function readTranslations(sections: Sections): TranslationFacts {
  return {
    sessions: protocols.flatMap((protocol) => readSessions(section(sections, `sessions${protocol}`).output)),
    bib: protocols.flatMap((protocol) => readBib(section(sections, `bib${protocol}`).output)),
  };
}

/** @param heardAt when it was said, by the clock of the machine that looks; milliseconds since 1970. */
export function readGatewayFacts(sections: Sections, heardAt: number): GatewayFacts {
  const said = (name: string): string => section(sections, name).output;
  const routes = z.array(z.object({ gateway: z.string().optional(), dev: z.string() }));
  return {
    units: readUnits(said("units")),
    instances: parseCsv(said("instance")).map((row) => cell(row, "Name")),
    kernel: said("kernel"),
    joolVersion: section(sections, "module").exitCode === 0 ? said("module") : "",
    globals: Object.fromEntries(parseCsv(said("global")).map((row) => [cell(row, "Field"), cell(row, "Value")])),
    pool4: parseCsv(said("pool4")).map((row) => ({
      protocol: cell(row, "Protocol"),
      address: cell(row, "Address"),
      first: Number(cell(row, "Min port")),
      last: Number(cell(row, "Max port")),
    })),
    forwarding: said("forwarding")
      .split("\n")
      .map((line) => line === "1"),
    mtu: said("mtu").split("\n").map(Number),
    lan: readAddresses(sections, "lan"),
    uplinkRoutes: readJson(sections, "uplink", routes).map(({ gateway, dev }) => ({ gateway: gateway ?? "", dev })),
    disk: section(sections, "disk"),
    clockAhead: Math.round(Number(said("clock")) - heardAt / 1000),
  };
}

const rulesetSchema = z.object({
  nftables: z.array(
    z.object({
      rule: z.object({ comment: z.string().optional(), expr: z.array(z.record(z.string(), z.unknown())) }).optional(),
    }),
  ),
});

const counterSchema = z.object({ packets: z.number() });

/** The counters of `nft --json list table`; none where there is no such table. */
export function readCounters(json: string): Counters {
  const rules = json === "" ? [] : rulesetSchema.parse(JSON.parse(json)).nftables.flatMap(({ rule }) => rule ?? []);
  return new Map(
    rules.flatMap(({ comment, expr }) => {
      const counter = counterSchema.safeParse(expr.find((each) => "counter" in each)?.counter);
      return comment === undefined || !counter.success ? [] : [[comment, counter.data.packets] as const];
    }),
  );
}

/** Blocks of `systemctl show`, one a unit, separated by empty lines. */
function readUnits(text: string): UnitFact[] {
  return text
    .split("\n\n")
    .map((block) => new Map(block.split("\n").map((line): [string, string] => splitOnce(line, "="))))
    .filter((properties) => properties.has("Id"))
    .map((properties) => ({
      name: properties.get("Id") ?? "",
      active: properties.get("ActiveState") === "active",
      state: `${properties.get("ActiveState") ?? "?"} (${properties.get("SubState") ?? "?"})`,
    }));
}

function readSessions(csv: string): SessionFact[] {
  return parseCsv(csv).map((row) => ({
    protocol: cell(row, "Protocol"),
    client: endpoint(row, "IPv6 Remote"),
    serverIpv6: endpoint(row, "IPv6 Local"),
    ipv4: endpoint(row, "IPv4 Local"),
    server: endpoint(row, "IPv4 Remote"),
    expiresIn: cell(row, "Expires in"),
    state: cell(row, "State"),
  }));
}

function readBib(csv: string): BibFact[] {
  return parseCsv(csv).map((row) => ({
    protocol: cell(row, "Protocol"),
    client: { address: cell(row, "IPv6 Address"), id: cell(row, "IPv6 L4-ID") },
    ipv4: { address: cell(row, "IPv4 Address"), id: cell(row, "IPv4 L4-ID") },
    isStatic: ["true", "1"].includes(cell(row, "Static?")),
  }));
}

function endpoint(row: Readonly<Record<string, string>>, side: string): Endpoint {
  return { address: cell(row, `${side} Address`), id: cell(row, `${side} L4-ID`) };
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + separator.length)];
}
