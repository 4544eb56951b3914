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
  readonly timeout?: number;
  /** By scenario; one that is not there is not told about. */
  readonly expected: Partial<Record<Scenario, Cause | "works">>;
}

const debian = (...packages: string[]): Source => ({ kind: "debian", packages });

function redis(version: string, expected: Specimen["expected"]): Specimen {
  const script = `
const client = new (require("ioredis"))({ host: "{host}", port: 80, maxRetriesPerRequest: 0, retryStrategy: () => null });
client.on("error", () => {});
client.ping().then(() => process.exit(0), (error) => { console.error(error.message); process.exit(1); });`;
  return {
    name: `ioredis ${version}`,
    source: { kind: "npm", package: `ioredis@${version}`, packages: ["nodejs"] },
    command: ["node", "-e", script],
    expected,
  };
}

function statsd(options: string, expected: Specimen["expected"]): Specimen {
  return {
    name: `statsd 4.0.1 (${options === "" ? "as it is" : options})`,
    source: { kind: "pypi", package: "statsd==4.0.1", packages: ["python3"] },
    command: [
      "python3",
      "-c",
      `import statsd; statsd.StatsClient("{host}", 8125${options && `, ${options}`}).incr("runs")`,
    ],
    expected,
  };
}

export const corpus: readonly Specimen[] = [
  // redis/ioredis: `family: 4` was the default before 5.8.2.
  redis("5.8.1", { "ipv6-only-nat64": "a-only" }),
  // There is no Redis at that port; it gets there.
  redis("5.8.2", { "ipv6-only-nat64": "not-for-want-of-ipv4" }),
  statsd("", { "ipv6-only-nat64": "a-only" }),
  statsd("ipv6=True", { "ipv6-only-nat64": "works" }),
  {
    name: "nmap",
    source: debian("nmap"),
    // Older ones asked for A only; 7.95 asks for both, and says itself which "other addresses" it does not scan.
    command: ["nmap", "-Pn", "-sT", "-p", "80", "{host}"],
    expected: { "ipv6-only-nat64": "first-candidate-only" },
  },
  {
    name: "nmap -6",
    source: debian("nmap"),
    command: ["nmap", "-6", "-Pn", "-sT", "-p", "80", "{host}"],
    expected: { "ipv6-only-nat64": "works" },
  },
  {
    name: "Node.js fetch",
    source: debian("nodejs"),
    command: ["node", "-e", 'fetch("http://{host}/").then((answer) => answer.text())'],
    expected: { "ipv6-only-nat64": "works" },
  },
  {
    name: "hey 0.1.4, static Go",
    source: { kind: "go", package: "github.com/rakyll/hey@v0.1.4", packages: [] },
    command: ["./hey", "-n", "1", "-c", "1", "http://{host}/"],
    expected: { "ipv6-only-nat64": "works" },
  },
  {
    name: "hey 0.1.4 on a literal",
    source: { kind: "go", package: "github.com/rakyll/hey@v0.1.4", packages: [] },
    command: ["./hey", "-n", "1", "-c", "1", "http://{ipv4}/"],
    expected: { "ipv6-only-nat64": "ipv4-literal" },
  },
  {
    name: "curl",
    source: debian("curl"),
    command: ["curl", "-s", "-o", "page", "http://{host}/"],
    expected: { "ipv6-only-nat64": "works" },
  },
  {
    name: "curl on a literal",
    source: debian("curl"),
    command: ["curl", "-s", "http://{ipv4}/"],
    expected: { "ipv6-only-nat64": "ipv4-literal" },
  },
  {
    name: "curl -4",
    source: debian("curl"),
    command: ["curl", "-s", "-4", "http://{host}/"],
    expected: { "ipv6-only-nat64": "a-only" },
  },
  {
    name: "wget",
    source: debian("wget"),
    command: ["wget", "-q", "-O", "page", "http://{host}/"],
    expected: { "ipv6-only-nat64": "works" },
  },
  {
    name: "git on a repository that is not there",
    source: debian("git"),
    command: ["git", "ls-remote", "http://{host}/no-such.git"],
    expected: { "ipv6-only-nat64": "not-for-want-of-ipv4" },
  },
  {
    name: "apt-get",
    source: debian("apt"),
    command: ["apt-get", "download", "hello"],
    expected: { "ipv6-only-nat64": "works" },
  },
  {
    name: "python3 -m http.server --bind 0.0.0.0",
    source: debian("python3"),
    command: ["python3", "-m", "http.server", "--bind", "0.0.0.0", "8000"],
    timeout: 30,
    expected: { "ipv6-only-nat64": "listens-on-ipv4-only" },
  },
  {
    name: "python3 -m http.server --bind 127.0.0.1",
    source: debian("python3"),
    command: ["python3", "-m", "http.server", "--bind", "127.0.0.1", "8000"],
    timeout: 30,
    expected: { "ipv6-only-nat64": "listens-on-loopback-ipv4" },
  },
  {
    name: "socat, a server of both families",
    source: debian("socat"),
    command: ["socat", "TCP6-LISTEN:8000,ipv6only=0", "-"],
    timeout: 30,
    expected: { "ipv6-only-nat64": "works" },
  },
];
