/**
 * Real programs, pinned and as they are published, and what is known of them from their own issue trackers and manuals.
 * `{host}` is a name of the internet that serves HTTP over IPv4 only (or is synthesized), `{ipv4}` its IPv4 address.
 */
import type { Scenario } from "../../plan/scenario";
import type { Cause } from "../../exec/verdict/causes";

/** From where a program comes. What is no Debian package is fetched here and copied to the client. */
export type Source =
  | { readonly kind: "debian"; readonly packages: readonly string[] }
  | { readonly kind: "npm" | "pypi" | "go"; readonly package: string; readonly packages: readonly string[] };

export interface Specimen {
  readonly name: string;
  readonly source: Source;
  readonly command: readonly string[];
  /** Seconds after which it is ended: for servers. */
  readonly timeout: number | undefined;
  /** By scenario; one that is not there is not told about. */
  readonly expected: Partial<Record<Scenario, Cause | "works" | undefined>>;
}

const debian = (...packages: string[]): Source => ({ kind: "debian", packages });
const npm = (name: string): Source => ({ kind: "npm", package: name, packages: ["nodejs"] });
const pypi = (name: string): Source => ({ kind: "pypi", package: name, packages: ["python3"] });
const go = (name: string): Source => ({ kind: "go", package: name, packages: [] });

const ping = `
const client = new (require("ioredis"))({ host: "{host}", port: 80, maxRetriesPerRequest: 0, retryStrategy: () => null });
client.on("error", () => {});
client.ping().then(() => process.exit(0), (error) => { console.error(error.message); process.exit(1); });`;
const count = (options: string): string => `import statsd; statsd.StatsClient("{host}", 8125${options}).incr("runs")`;
const hey = go("github.com/rakyll/hey@v0.1.4");
const notIpv4 = "not-for-want-of-ipv4";
const noIpv6 = "server-without-ipv6";
/** Takes whatever family there is. */
const polite = ["works", noIpv6, "works"] as const;
const literal = ["ipv4-literal", "ipv4-literal", "works"] as const;
const everywhere = (known: Known): readonly [Known, Known, Known] => [known, known, known];
const httpServer = (address: string): string[] => ["python3", "-m", "http.server", "--bind", address, "8000"];

type Known = Cause | "works" | undefined;

/**
 * Name, source, command; what is known of it on a network with NAT64, on a strict one and on a dual-stack one, undefined
 * where that depends on more than the lab; servers with the seconds that they run.
 */
const rows: readonly (readonly [string, Source, readonly string[], readonly [Known, Known, Known], number?])[] = [
  // redis/ioredis: `family: 4` was the default before 5.8.2. There is no Redis at that port; the newer one gets there.
  ["ioredis 5.8.1", npm("ioredis@5.8.1"), ["node", "-e", ping], ["a-only", "a-only", notIpv4]],
  ["ioredis 5.8.2", npm("ioredis@5.8.2"), ["node", "-e", ping], [notIpv4, noIpv6, notIpv4]],
  ["statsd 4.0.1 (as it is)", pypi("statsd==4.0.1"), ["python3", "-c", count("")], ["a-only", "a-only", "works"]],
  [
    "statsd 4.0.1 (ipv6=True)",
    pypi("statsd==4.0.1"),
    ["python3", "-c", count(", ipv6=True")],
    ["works", noIpv6, undefined],
  ],
  // Older ones asked for A only; 7.95 asks for both, and says itself which "other addresses" it does not scan.
  ["nmap", debian("nmap"), ["nmap", "-Pn", "-sT", "-p", "80", "{host}"], ["first-candidate-only", noIpv6, "works"]],
  ["nmap -6", debian("nmap"), ["nmap", "-6", "-Pn", "-sT", "-p", "80", "{host}"], ["works", noIpv6, undefined]],
  ["Node.js fetch", debian("nodejs"), ["node", "-e", 'fetch("http://{host}/").then((it) => it.text())'], polite],
  ["hey 0.1.4, static Go", hey, ["./hey", "-n", "1", "-c", "1", "http://{host}/"], polite],
  ["hey 0.1.4 on a literal", hey, ["./hey", "-n", "1", "-c", "1", "http://{ipv4}/"], literal],
  ["curl", debian("curl"), ["curl", "-s", "-o", "page", "http://{host}/"], polite],
  ["curl on a literal", debian("curl"), ["curl", "-s", "http://{ipv4}/"], literal],
  ["curl -4", debian("curl"), ["curl", "-s", "-4", "http://{host}/"], ["a-only", "a-only", "works"]],
  ["wget", debian("wget"), ["wget", "-q", "-O", "page", "http://{host}/"], polite],
  [
    "git, no such repository",
    debian("git"),
    ["git", "ls-remote", "http://{host}/no-such.git"],
    [notIpv4, noIpv6, notIpv4],
  ],
  // Whether a package mirror has IPv6 is its own affair.
  ["apt-get", debian("apt"), ["apt-get", "download", "hello"], ["works", undefined, "works"]],
  ["http.server --bind 0.0.0.0", debian("python3"), httpServer("0.0.0.0"), everywhere("listens-on-ipv4-only"), 30],
  [
    "http.server --bind 127.0.0.1",
    debian("python3"),
    httpServer("127.0.0.1"),
    everywhere("listens-on-loopback-ipv4"),
    30,
  ],
  ["socat, both families", debian("socat"), ["socat", "TCP6-LISTEN:8000,ipv6only=0", "-"], everywhere("works"), 30],
];

export const corpus: readonly Specimen[] = rows.map(([name, source, command, [nat64, strict, dual], timeout]) => ({
  ...{ name, source, command, timeout },
  expected: { "ipv6-only-nat64": nat64, "ipv6-only-strict": strict, "dual-stack": dual },
}));
