/**
 * The pairs of client and server, and those with a proxy between them (draft-ietf-v6ops-ipv6-app-testing): the client is
 * on the lab's networks, server and proxy are in the simulated internet. What a pair is to come to stands beside it as it
 * does beside a fault.
 */
import { everybody, ipv4Works, ipv6Works, type Attempt, type FaultPlan } from "./faults";
import { proxies, zone, type ProxyPlan } from "./hosts";

interface Server {
  readonly name: string;
  readonly term: string;
  readonly expected: FaultPlan["expected"];
}

const servers = {
  v4only: { name: "v4only", term: "IPv4-only", expected: ipv4Works },
  v6only: { name: "v6only", term: "IPv6-only-strict", expected: ipv6Works },
  dual: { name: "dualstack", term: "Dual-stack", expected: everybody("works") },
} as const satisfies Readonly<Record<string, Server>>;

/** The draft's rows: by a proxy of one family to a server of both, or by one of both to a server of one. */
const behind: Readonly<Record<ProxyPlan["name"], readonly Server[]>> = {
  v4only: [servers.dual],
  strict: [servers.dual],
  dual: [servers.v4only, servers.v6only],
};

const terms: Readonly<Record<ProxyPlan["name"], string>> = {
  v4only: servers.v4only.term,
  strict: servers.v6only.term,
  dual: servers.dual.term,
};

/** What gets at a proxy gets at what the proxy gets at. */
const reaches: Readonly<Record<ProxyPlan["name"], FaultPlan["expected"]>> = {
  v4only: servers.v4only.expected,
  strict: servers.v6only.expected,
  dual: servers.dual.expected,
};

const url = ({ name }: Server): string => `http://${name}.${zone}/`;

/** What the draft calls those without a proxy. */
export const pairsRow = "the pairs of client and server";

export const pairs: readonly Attempt[] = [
  ...Object.values(servers).map((server) => ({
    name: `to-${server.name}`,
    title: `a server that is ${server.term}`,
    row: pairsRow,
    url: url(server),
    expected: server.expected,
  })),
  ...proxies.flatMap(({ name, host, httpPort, socksPort }) =>
    behind[name].flatMap((server) =>
      [
        // The proxy finds out the names in both.
        { kind: "connect", title: "HTTP CONNECT", proxy: `http://${host.name}:${httpPort}` },
        { kind: "socks", title: "SOCKS 5", proxy: `socks5h://${host.name}:${socksPort}` },
      ].map(({ kind, title, proxy }) => ({
        name: `${kind}-${name}-to-${server.name}`,
        title: `${title} by a proxy that is ${terms[name]} to a server that is ${server.term}`,
        row: "with a proxy: client – proxy – server",
        url: url(server),
        proxy,
        expected: reaches[name],
      })),
    ),
  ),
];
