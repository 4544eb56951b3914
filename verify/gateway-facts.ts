import { cell, parseCsv, section, type Sections } from "./sections";

/** How the gateway's services are, read from the output of scripts/services.sh. */
export interface ServiceFacts {
  readonly units: readonly UnitFact[];
  readonly instances: readonly string[];
  readonly kernel: string;
  readonly joolVersion: string;
}

/** What the gateway translates, read from the output of scripts/translations.sh. */
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

export function readServices(sections: Sections): ServiceFacts {
  return {
    units: readUnits(section(sections, "units").output),
    instances: parseCsv(section(sections, "instance").output).map((row) => cell(row, "Name")),
    kernel: section(sections, "kernel").output,
    joolVersion: section(sections, "module").exitCode === 0 ? section(sections, "module").output : "",
  };
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
