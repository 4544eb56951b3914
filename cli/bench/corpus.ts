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
  readonly expected: Partial<Record<Scenario, Cause | "works">>;
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
const httpServer = (address: string): string[] => ["python3", "-m", "http.server", "--bind", address, "8000"];

/** Name, source, command, and the cause that is known on a network with NAT64; servers with the seconds that they run. */
const nat64: readonly (readonly [string, Source, readonly string[], Cause | "works", number?])[] = [
  // redis/ioredis: `family: 4` was the default before 5.8.2. There is no Redis at that port; the newer one gets there.
  ["ioredis 5.8.1", npm("ioredis@5.8.1"), ["node", "-e", ping], "a-only"],
  ["ioredis 5.8.2", npm("ioredis@5.8.2"), ["node", "-e", ping], "not-for-want-of-ipv4"],
  ["statsd 4.0.1 (as it is)", pypi("statsd==4.0.1"), ["python3", "-c", count("")], "a-only"],
  ["statsd 4.0.1 (ipv6=True)", pypi("statsd==4.0.1"), ["python3", "-c", count(", ipv6=True")], "works"],
  // Older ones asked for A only; 7.95 asks for both, and says itself which "other addresses" it does not scan.
  ["nmap", debian("nmap"), ["nmap", "-Pn", "-sT", "-p", "80", "{host}"], "first-candidate-only"],
  ["nmap -6", debian("nmap"), ["nmap", "-6", "-Pn", "-sT", "-p", "80", "{host}"], "works"],
  ["Node.js fetch", debian("nodejs"), ["node", "-e", 'fetch("http://{host}/").then((it) => it.text())'], "works"],
  ["hey 0.1.4, static Go", hey, ["./hey", "-n", "1", "-c", "1", "http://{host}/"], "works"],
  ["hey 0.1.4 on a literal", hey, ["./hey", "-n", "1", "-c", "1", "http://{ipv4}/"], "ipv4-literal"],
  ["curl", debian("curl"), ["curl", "-s", "-o", "page", "http://{host}/"], "works"],
  ["curl on a literal", debian("curl"), ["curl", "-s", "http://{ipv4}/"], "ipv4-literal"],
  ["curl -4", debian("curl"), ["curl", "-s", "-4", "http://{host}/"], "a-only"],
  ["wget", debian("wget"), ["wget", "-q", "-O", "page", "http://{host}/"], "works"],
  ["git, no such repository", debian("git"), ["git", "ls-remote", "http://{host}/no-such.git"], "not-for-want-of-ipv4"],
  ["apt-get", debian("apt"), ["apt-get", "download", "hello"], "works"],
  ["http.server --bind 0.0.0.0", debian("python3"), httpServer("0.0.0.0"), "listens-on-ipv4-only", 30],
  ["http.server --bind 127.0.0.1", debian("python3"), httpServer("127.0.0.1"), "listens-on-loopback-ipv4", 30],
  ["socat, both families", debian("socat"), ["socat", "TCP6-LISTEN:8000,ipv6only=0", "-"], "works", 30],
];

export const corpus: readonly Specimen[] = nat64.map(([name, source, command, cause, timeout]) => ({
  ...{ name, source, command, timeout },
  expected: { "ipv6-only-nat64": cause },
}));
