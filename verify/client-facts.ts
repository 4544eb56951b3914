import { z } from "zod";
import { formatIpv6 } from "../plan/prefix";
import { isAddress } from "./addresses";
import { readJson, section, type Sections } from "./sections";

/** What a client says about its network, read from the output of probes/client.sh. */
export interface ClientFacts {
  readonly addresses: readonly AddressFact[];
  readonly defaultRoutes: readonly { readonly gateway: string; readonly dev: string; readonly protocol: string }[];
  readonly ipv4Routes: number;
  /** Where it would send from, and to whom, to reach IPv4. */
  readonly source: string;
  readonly mtu: number;
  /** What its resolver uses, wherever it learned it. */
  readonly dnsServers: readonly string[];
  readonly searchDomains: readonly string[];
  /** What its own resolver says of ipv4only.arpa. */
  readonly ipv4only: readonly string[];
  /** The NAT64 prefixes that systemd-networkd learned, undefined where something else configures the network. */
  readonly pref64: readonly string[] | undefined;
}

export interface AddressFact {
  readonly device: string;
  readonly family: "inet" | "inet6";
  readonly address: string;
  readonly scope: string;
  /** Neither tentative nor duplicate. */
  readonly usable: boolean;
  /** Not deprecated: it may be the source of new connections. */
  readonly preferred: boolean;
}

/** What a fetch came to, read from the output of probes/fetch.sh. */
export interface FetchFact {
  readonly url: string;
  readonly ok: boolean;
  readonly status: number;
  readonly bytes: number;
  readonly remote: string;
  readonly localPort: string;
  readonly said: string;
}

export function readClientFacts(sections: Sections): ClientFacts {
  const lan = section(sections, "lan");
  const resolver = section(sections, "resolver").output.split("\n");
  const after = (word: string): string[] =>
    resolver.filter((line) => line.startsWith(`${word} `)).flatMap((line) => line.split(/\s+/).slice(1));
  return {
    addresses: readAddresses(sections, "addresses"),
    defaultRoutes: readJson(sections, "routes6", z.array(routeSchema)).map(({ gateway, dev, protocol }) => ({
      gateway: gateway ?? "",
      dev,
      protocol: protocol ?? "",
    })),
    ipv4Routes: readJson(sections, "routes4", z.array(z.unknown())).length,
    source: readSource(sections),
    mtu: Number(section(sections, "mtu").output),
    dnsServers: after("nameserver"),
    // resolved writes a dot where there is none.
    searchDomains: after("search").filter((domain) => domain !== "."),
    ipv4only: section(sections, "own-ipv4only.arpa").output.split(/\s+/).filter(isAddress),
    pref64: lan.exitCode === 0 ? readPref64(lan.output) : undefined,
  };
}

/** The result of a `curl --write-out '%{http_code} %{size_download} %{remote_ip} %{local_port} %{time_total}'`. */
export function readFetch(sections: Sections): FetchFact {
  const { exitCode, output } = section(sections, "fetch");
  const [, status, bytes, remote, localPort] = /(\d{3}) (\d+) (\S*) (\S*) [\d.]+$/.exec(output) ?? [];
  return {
    url: section(sections, "url").output,
    ok: exitCode === 0 && status === "200",
    status: Number(status ?? 0),
    bytes: Number(bytes ?? 0),
    remote: remote ?? "",
    localPort: localPort ?? "",
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
          deprecated: z.boolean().optional(),
        }),
      )
      .optional(),
  }),
);

/** The addresses of `ip -json address show`. */
export function readAddresses(sections: Sections, name: string): AddressFact[] {
  return readJson(sections, name, addressSchema).flatMap(({ ifname, addr_info }) =>
    (addr_info ?? []).map(({ family, local, scope, tentative, dadfailed, deprecated }) => ({
      device: ifname ?? "",
      family,
      address: local,
      scope,
      usable: tentative !== true && dadfailed !== true,
      preferred: deprecated !== true,
    })),
  );
}

const routeSchema = z.object({
  gateway: z.string().optional(),
  dev: z.string(),
  protocol: z.string().optional(),
  prefsrc: z.string().optional(),
});

function readSource(sections: Sections): string {
  const { exitCode, output } = section(sections, "source");
  return exitCode === 0 ? (z.array(routeSchema).parse(JSON.parse(output))[0]?.prefsrc ?? "") : "";
}

/** The parts of `networkctl status --json` that are looked at; addresses are lists of octets. */
const networkctlSchema = z.object({
  NDisc: z
    .object({
      PREF64: z
        .array(z.object({ Prefix: z.array(z.number().int().min(0).max(255)), PrefixLength: z.number() }))
        .optional(),
    })
    .optional(),
});

function readPref64(json: string): string[] {
  const { NDisc } = networkctlSchema.parse(JSON.parse(json));
  return (NDisc?.PREF64 ?? []).map(
    ({ Prefix, PrefixLength }) =>
      `${formatIpv6(Prefix.reduce((value, octet) => (value << 8n) | BigInt(octet), 0n))}/${PrefixLength}`,
  );
}
