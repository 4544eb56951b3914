import { z } from "zod";
import { formatIpv6 } from "../plan/prefix";
import { section, type Sections } from "./sections";

/** What a client says about its network, read from the output of scripts/client.sh. */
export interface ClientFacts {
  readonly url: string;
  readonly fetch: FetchFact;
  readonly addresses: readonly AddressFact[];
  readonly defaultRoutes: readonly { readonly gateway: string; readonly dev: string; readonly protocol: string }[];
  readonly ipv4Routes: number;
  readonly dnsServers: readonly string[];
  readonly aaaa: readonly string[];
  readonly a: readonly string[];
  readonly ipv4only: readonly string[];
  /** What systemd-networkd learned, undefined where something else configures the network. */
  readonly learned: LearnedFacts | undefined;
}

export interface AddressFact {
  readonly device: string;
  readonly family: "inet" | "inet6";
  readonly address: string;
  readonly scope: string;
  readonly usable: boolean;
}

export interface FetchFact {
  readonly ok: boolean;
  readonly status: number;
  readonly bytes: number;
  readonly remote: string;
  readonly said: string;
}

export interface LearnedFacts {
  readonly pref64: readonly string[];
  readonly dnsFromRa: readonly string[];
  readonly dnsFromDhcp: readonly string[];
  readonly searchDomains: readonly string[];
}

export function readClientFacts(sections: Sections): ClientFacts {
  const lan = section(sections, "lan");
  const names = readNames(section(sections, "names").output);
  return {
    url: section(sections, "url").output,
    fetch: readFetch(sections, "fetch"),
    addresses: readAddresses(sections),
    defaultRoutes: readJson(sections, "routes6", z.array(routeSchema)).map(({ gateway, dev, protocol }) => ({
      gateway: gateway ?? "",
      dev,
      protocol: protocol ?? "",
    })),
    ipv4Routes: readJson(sections, "routes4", z.array(z.unknown())).length,
    dnsServers: section(sections, "resolver")
      .output.split("\n")
      .filter((line) => /^[0-9a-f:.]+$/i.test(line)),
    ...names,
    learned: lan.exitCode === 0 ? readLearned(lan.output) : undefined,
  };
}

/** The result of a `curl --write-out '%{http_code} %{size_download} %{remote_ip} %{time_total}'`. */
export function readFetch(sections: Sections, name: string): FetchFact {
  const { exitCode, output } = section(sections, name);
  const [, status, bytes, remote] = /(\d{3}) (\d+) (\S*) [\d.]+$/.exec(output) ?? [];
  return {
    ok: exitCode === 0 && status === "200",
    status: Number(status ?? 0),
    bytes: Number(bytes ?? 0),
    remote: remote ?? "",
    said: output,
  };
}

const addressSchema = z.array(
  z.object({
    ifname: z.string().optional(),
    addr_info: z
      .array(
        z.object({
          family: z.enum(["inet", "inet6"]),
          local: z.string(),
          scope: z.string(),
          tentative: z.boolean().optional(),
          dadfailed: z.boolean().optional(),
        }),
      )
      .optional(),
  }),
);

/** The addresses of `ip -json address show`. */
function readAddresses(sections: Sections): AddressFact[] {
  return readJson(sections, "addresses", addressSchema).flatMap(({ ifname, addr_info }) =>
    (addr_info ?? []).map(({ family, local, scope, tentative, dadfailed }) => ({
      device: ifname ?? "",
      family,
      address: local,
      scope,
      usable: tentative !== true && dadfailed !== true,
    })),
  );
}

const routeSchema = z.object({ gateway: z.string().optional(), dev: z.string(), protocol: z.string().optional() });

const octets = z.array(z.number().int().min(0).max(255));

/** The parts of `networkctl status --json` that are looked at; addresses are lists of octets. */
const networkctlSchema = z.object({
  DNS: z.array(z.object({ Address: octets, ConfigSource: z.string().optional() })).optional(),
  SearchDomains: z.array(z.object({ Domain: z.string() })).optional(),
  NDisc: z.object({ PREF64: z.array(z.object({ Prefix: octets, PrefixLength: z.number() })).optional() }).optional(),
});

function readLearned(json: string): LearnedFacts {
  const status = networkctlSchema.parse(JSON.parse(json));
  const dnsFrom = (source: string): string[] =>
    (status.DNS ?? [])
      .filter(({ ConfigSource, Address }) => ConfigSource === source && Address.length === 16)
      .map(({ Address }) => addressOfOctets(Address));
  return {
    pref64: (status.NDisc?.PREF64 ?? []).map(
      ({ Prefix, PrefixLength }) => `${addressOfOctets(Prefix)}/${PrefixLength}`,
    ),
    dnsFromRa: dnsFrom("NDisc"),
    dnsFromDhcp: dnsFrom("DHCPv6"),
    searchDomains: (status.SearchDomains ?? []).map(({ Domain }) => Domain),
  };
}

function addressOfOctets(bytes: readonly number[]): string {
  return formatIpv6(bytes.reduce((value, octet) => (value << 8n) | BigInt(octet), 0n));
}

/** Answers of dig: "<owner> <TTL> IN <type> <data>". The host's may stand under the last name of a CNAME chain. */
function readNames(text: string): Pick<ClientFacts, "aaaa" | "a" | "ipv4only"> {
  const records = text
    .split("\n")
    .filter((line) => !line.startsWith(";"))
    .map((line) => line.split(/\s+/))
    .map(([owner = "", , , type, data = ""]) => ({ ofHost: owner !== "ipv4only.arpa.", type, data }));
  const data = (ofHost: boolean, type: string): string[] =>
    records.filter((record) => record.ofHost === ofHost && record.type === type).map((record) => record.data);
  return { aaaa: data(true, "AAAA"), a: data(true, "A"), ipv4only: data(false, "AAAA") };
}

function readJson<T>(sections: Sections, name: string, schema: z.ZodType<T>): T {
  const { output } = section(sections, name);
  return schema.parse(JSON.parse(output === "" ? "[]" : output));
}
