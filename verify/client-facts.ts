/** What the probes on a client print, read. */
import { z } from "zod";
import { clatDevice } from "../plan/clat";
import { formatIpv6 } from "../plan/prefix";
import { isAddress, isIpv4Address } from "./addresses";
import { readJson, section, type Section, type Sections } from "./sections";

/**
 * Seconds for whom a client asks: systemd-resolved asks again every 5 s for what was lost, and an emulated machine that is busy
 * with others has needed 10 for a program of a few lines.
 */
export const clientPatience = 30;

export type NetworkFacts = ReturnType<typeof readNetworkFacts>;
export type ClientFacts = ReturnType<typeof readClientFacts>;
export type FetchFact = ReturnType<typeof readFetch>;

const routesSchema = z.array(
  z.object({
    dst: z.string().default(""),
    gateway: z.string().default(""),
    dev: z.string().default(""),
    protocol: z.string().default(""),
    prefsrc: z.string().default(""),
  }),
);

/** What a client has of its network: the first that probes/client.sh prints. */
export function readNetworkFacts(sections: Sections) {
  const { exitCode, output } = section(sections, "resolver");
  const resolver = output.split("\n");
  const ipv6Routes = readJson(sections, "routes6", routesSchema);
  const after = (word: string): string[] =>
    resolver.filter((line) => line.startsWith(`${word} `)).flatMap((line) => line.split(/\s+/).slice(1));
  return {
    addresses: readAddresses(sections, "addresses"),
    ownBridges: readOwnBridges(sections, "addresses"),
    defaultRoutes: ipv6Routes.filter(({ dst }) => dst === "default"),
    /** By a router, to less than everything. */
    narrowRoutes: ipv6Routes.filter(({ dst, gateway }) => dst !== "default" && gateway !== ""),
    ipv4Routes: readJson(sections, "routes4", routesSchema),
    /** Whether the list could be read, from which what follows is. */
    resolverTells: exitCode === 0,
    /** What its resolver uses, wherever it learned it. */
    dnsServers: after("nameserver"),
    // resolved writes a dot where there is none.
    searchDomains: after("search").filter((domain) => domain !== "."),
  };
}

/**
 * What a client says about its network: probes/client.sh.
 * @param heardAt when it was said, by the clock of the machine that looks; milliseconds since 1970.
 */
export function readClientFacts(sections: Sections, heardAt: number) {
  const lan = section(sections, "lan");
  const source = section(sections, "source");
  return {
    ...readNetworkFacts(sections),
    /** Where it would send from to reach IPv4. */
    source: source.exitCode === 0 ? (routesSchema.parse(JSON.parse(source.output))[0]?.prefsrc ?? "") : "",
    /** Where packets would go that it sends elsewhere. */
    ways: readWays(sections),
    mtu: Number(section(sections, "mtu").output),
    /** What its own resolver says of ipv4only.arpa. */
    ipv4only: readOwnAnswer(section(sections, "own-ipv4only.arpa")),
    /** What its programs are told of the content's host. */
    programs: readProgramsAnswer(section(sections, "programs")),
    /** What /etc/hosts says of it. */
    pinned: [...new Set(addressesIn(section(sections, "pinned").output))],
    /** Seconds by which its clock is ahead of this machine's. */
    clockAhead: Math.round(Number(section(sections, "clock").output) - heardAt / 1000),
    /** Whether its network manager was asked and did not answer in time. */
    managerHangs: isLate(lan),
    /** The NAT64 prefixes that systemd-networkd learned, undefined where something else configures the network. */
    pref64: lan.exitCode === 0 ? readPref64(lan.output) : undefined,
    /** Where its resolver has its servers from; nothing where that is not known. */
    dnsBy: readDnsBy(section(sections, "dns-by")),
  };
}

/** timeout(1) has ended it, or D-Bus has waited no longer (sd_bus_call(3): 25 s). */
function isLate({ exitCode, output }: Section): boolean {
  return exitCode === 124 || (exitCode !== 0 && /timed out/i.test(output));
}

/** The lines of resolvectl(1): "Global: …", "Link 2 (lan): …". */
function readDnsBy({ exitCode, output }: Section) {
  if (exitCode !== 0) return [];
  return output.split("\n").flatMap((line) => {
    const [, link, servers = ""] = /^(?:Global|Link \d+ \((\S+)\)):(.*)$/.exec(line.trim()) ?? [];
    return addressesIn(servers).map((server) => ({ server, link }));
  });
}

/** Without a device: nothing leads there. */
function readWays(sections: Sections) {
  const name = "way-";
  return [...sections]
    .filter(([each]) => each.startsWith(name))
    .map(([each, { exitCode, output }]) => {
      const [route] = exitCode === 0 ? routesSchema.parse(JSON.parse(output)) : [];
      return { to: each.slice(name.length), gateway: route?.gateway ?? "", dev: route?.dev ?? "" };
    });
}

function addressesIn(text: string): string[] {
  return text.split(/\s+/).filter((word) => isAddress(word) || isIpv4Address(word));
}

/** No address where there is none, or none was told: Python ends with what getaddrinfo(3) said. */
function readProgramsAnswer({ exitCode, output }: Section) {
  const late = exitCode === 124 ? `no answer within ${clientPatience} s` : undefined;
  return { addresses: exitCode === 0 ? addressesIn(output) : [], said: late ?? output.split("\n").at(-1) ?? "" };
}

/**
 * What the client's own resolver says of a name.
 * @returns `told`: whether it has said what there is, and be it nothing. resolvectl(1) ends with 1 for a name without such a
 * record as for a resolver that does not answer; dig(1) with 0 whatever the resolver's status.
 */
function readOwnAnswer({ exitCode, output }: Section) {
  const [, status = "NOERROR"] = /status: ([A-Z]+)/.exec(output) ?? [];
  const nothing = /'\S+' (does not have any RR of the requested type|not found)$/m.test(output);
  return {
    addresses: output.split(/\s+/).filter(isAddress),
    told: nothing || (exitCode === 0 && ["NOERROR", "NXDOMAIN"].includes(status)),
    said: output.replaceAll("\n", " "),
  };
}

/** What a client's CLAT has: IPv4 addresses, and how many default routes. */
export function clatOf({ addresses, ipv4Routes }: Pick<NetworkFacts, "addresses" | "ipv4Routes">) {
  return {
    addresses: addresses.filter(({ device, family }) => device === clatDevice && family === "inet"),
    defaultRoutes: ipv4Routes.filter(({ dst, dev }) => dst === "default" && dev === clatDevice).length,
  };
}

/**
 * What a fetch came to: probes/fetch.sh, the result of
 * `curl --write-out '%{http_code} %{size_download} %{remote_ip} %{local_port} %{time_total}'`.
 */
export function readFetch(sections: Sections) {
  const { exitCode, output } = section(sections, "fetch");
  const told = /(\d{3}) (\d+) (\S*) (\S*) [\d.]+$/.exec(output);
  const [, status = "0", bytes = "0", remote = "", localPort = ""] = told ?? [];
  return {
    url: section(sections, "url").output,
    /** Whether curl has tried it: it is there, and came to an end of its own. */
    tried: told !== null,
    ok: exitCode === 0 && status === "200",
    status: Number(status),
    bytes: Number(bytes),
    /** Of the last connection that came about, whatever was said by it; empty: none did. */
    remote,
    localPort,
    said: output.replaceAll("\n", " "),
  };
}

const flag = z.boolean().default(false);
const address = {
  family: z.enum(["inet", "inet6"]),
  local: z.string(),
  scope: z.string(),
  tentative: flag,
  dadfailed: flag,
  deprecated: flag,
};
const cardsSchema = z.array(
  z.object({ ifname: z.string().default(""), addr_info: z.array(z.object(address)).default([]) }),
);
const linksSchema = z.array(
  z.object({
    ifname: z.string().default(""),
    master: z.string().optional(),
    linkinfo: z.object({ info_kind: z.string().optional() }).optional(),
  }),
);

/** The addresses of `ip -json address show`. */
export function readAddresses(sections: Sections, name: string) {
  return readJson(sections, name, cardsSchema).flatMap(({ ifname, addr_info }) =>
    addr_info.map(({ family, local, scope, tentative, dadfailed, deprecated }) => ({
      device: ifname,
      family,
      address: local,
      scope,
      /** Neither tentative nor duplicate. */
      usable: !tentative && !dadfailed,
      /** Not deprecated: it may be the source of new connections. */
      preferred: !deprecated,
    })),
  );
}

/**
 * The bridges, of `ip -json -details address show`, that lead to nothing but containers of this machine: nobody else is on
 * them, and their other ends are here too (veth(4)).
 */
function readOwnBridges(sections: Sections, name: string): string[] {
  const links = readJson(sections, name, linksSchema);
  const kind = (link: (typeof links)[number]): string | undefined => link.linkinfo?.info_kind;
  return links
    .filter(
      (link) => kind(link) === "bridge" && links.every((port) => port.master !== link.ifname || kind(port) === "veth"),
    )
    .map(({ ifname }) => ifname);
}

const pref64Schema = z.object({ Prefix: z.array(z.number().int().min(0).max(255)), PrefixLength: z.number() });

/** The parts of `networkctl status --json` that are looked at; addresses are lists of octets. */
const networkctlSchema = z.object({ NDisc: z.object({ PREF64: z.array(pref64Schema).default([]) }).optional() });

function readPref64(json: string): string[] {
  const { NDisc } = networkctlSchema.parse(JSON.parse(json));
  return (NDisc?.PREF64 ?? []).map(
    ({ Prefix, PrefixLength }) =>
      `${formatIpv6(Prefix.reduce((value, octet) => (value << 8n) | BigInt(octet), 0n))}/${PrefixLength}`,
  );
}
