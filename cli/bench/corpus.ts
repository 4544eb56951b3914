/**
 * Real programs, pinned and as they are published, and what is known of them from their own issue trackers and manuals.
 * In a command `{host}` is a name of the simulated internet that serves HTTP over IPv4 only (and is synthesized where
 * there is DNS64), `{ipv4}` its IPv4 address, `{files}` where on the client the files of its source are.
 */
import type { FaultColumn } from "../../plan/internet";
import type { Cause } from "../../exec/verdict/causes";

/** From where a program comes. What is no Debian package is fetched here and copied to the client. */
export type Source =
  | { readonly kind: "debian"; readonly packages: readonly string[] }
  | { readonly kind: "npm" | "pypi" | "go"; readonly package: string; readonly packages: readonly string[] };

/** What is known of a program: the cause of its failure, or that it works. */
export type Known = Cause | "works";

export interface Specimen {
  readonly name: string;
  readonly source: Source;
  readonly command: readonly string[];
  /** The TCP port of a server. */
  readonly listen: number | undefined;
  /** What is known for a client with the families of such a column; undefined: nothing. */
  readonly expected: Readonly<Record<FaultColumn, Known | undefined>>;
}

const debian = (...packages: string[]): Source => ({ kind: "debian", packages });
const npm = (name: string): Source => ({ kind: "npm", package: name, packages: ["nodejs"] });
const pypi = (name: string): Source => ({ kind: "pypi", package: name, packages: ["python3"] });
const go = (name: string): Source => ({ kind: "go", package: name, packages: [] });

/** What is known where names are synthesized, without any way to IPv4, with both families, and with IPv4 alone. */
type Row = readonly [nat64: Known, strict: Known, dual: Known | undefined, ipv4: Known | undefined];

const noIpv6 = "server-without-ipv6";
const notIpv4 = "not-for-want-of-ipv4";
const shortDelay = "attempt-delay-too-short";
/** Takes whatever family there is. */
const polite: Row = ["works", noIpv6, "works", "works"];
const literal: Row = ["ipv4-literal", "ipv4-literal", "works", "works"];
/** Pages whose resources are elsewhere, where there is IPv4 only. */
const thirdParty: Row = ["works", "third-party-without-ipv6", "works", "works"];
const aOnly: Row = ["a-only", "a-only", "works", "works"];
/** Knows IPv6 alone when it is told to. */
const sixOnly: Row = ["works", noIpv6, undefined, undefined];
const firstOnly: Row = ["first-candidate-only", noIpv6, "works", "works"];
/** Gets there, and finds no such thing. */
const disappointed: Row = [notIpv4, noIpv6, notIpv4, notIpv4];
const everywhere = (known: Known): Row => [known, known, known, known];

const ping = `
const client = new (require("{files}/node_modules/ioredis"))({ host: "{host}", port: 80, maxRetriesPerRequest: 0, retryStrategy: () => null });
client.on("error", () => {});
client.ping().then(() => process.exit(0), (error) => { console.error(error.message); process.exit(1); });`;
const count = (options: string): string[] => [
  ...["python3", "-c"],
  `import sys; sys.path.insert(0, "{files}"); import statsd; statsd.StatsClient("{host}", 8125${options}).incr("runs")`,
];
const fetch = (host: string): string[] => ["node", "-e", `fetch("http://${host}/").then((it) => it.text())`];
const hey = go("github.com/rakyll/hey@v0.1.4");
const heyTo = (host: string): string[] => ["{files}/hey", "-n", "1", "-c", "1", `http://${host}/`];
const java = debian("default-jre-headless", "bsh");
const readUrl = (...options: string[]): string[] => [
  ...["bash", "-c"],
  `exec java -XX:TieredStopAtLevel=1 ${options.join(" ")} -cp /usr/share/java/bsh.jar bsh.Interpreter <(echo 'try { new java.net.URL("http://{host}/").openStream(); } catch (Exception e) { System.err.println(e); System.exit(1); }')`,
];
const perl = debian("perl");
/**
 * As programs that test with a browser start it (Puppeteer's defaults); fails where something of the page did not come. Its
 * network service is no process of its own: on an emulated machine one that is traced is taken for hung, and started anew.
 */
const browse = (page: string): string[] => [
  ...["bash", "-c"],
  `chromium --headless --disable-gpu --no-first-run --disable-background-networking --disable-component-update --disable-default-apps --disable-sync --enable-features=NetworkServiceInProcess2 --user-data-dir=profile --dump-dom http://${page}/ | tee page | grep -qP '<title>.*: (\\d+) of \\1 came'`,
];
const httpServer = (address: string): string[] => ["python3", "-m", "http.server", "--bind", address, "8000"];
const port = 8000;

const rows: readonly (readonly [name: string, Source, command: readonly string[], Row, listen?: number])[] = [
  // redis/ioredis: `family: 4` was the default before 5.8.2. There is no Redis at that port; the newer one gets there.
  ["ioredis 5.8.1", npm("ioredis@5.8.1"), ["node", "-e", ping], ["a-only", "a-only", notIpv4, notIpv4]],
  ["ioredis 5.8.2", npm("ioredis@5.8.2"), ["node", "-e", ping], disappointed],
  ["statsd 4.0.1", pypi("statsd==4.0.1"), count(""), aOnly],
  ["statsd 4.0.1, ipv6=True", pypi("statsd==4.0.1"), count(", ipv6=True"), sixOnly],
  // Older ones asked for A only; 7.95 asks for both, and says itself which "other addresses" it does not scan.
  ["nmap", debian("nmap"), ["nmap", "-Pn", "-sT", "-p", "80", "{host}"], firstOnly],
  ["nmap -6", debian("nmap"), ["nmap", "-6", "-Pn", "-sT", "-p", "80", "{host}"], sixOnly],
  ["Node.js fetch", debian("nodejs"), fetch("{host}"), polite],
  // nodejs/node#54359: 250 ms for each address but the last one, which is IPv4 where there is IPv4, and of a family that the
  // client lacks elsewhere.
  [
    "Node.js fetch by satellite",
    debian("nodejs"),
    fetch("satellite.test"),
    [shortDelay, shortDelay, "works", shortDelay],
  ],
  ["hey 0.1.4, static Go", hey, heyTo("{host}"), polite],
  ["hey 0.1.4 on a literal", hey, heyTo("{ipv4}"), literal],
  // Java's default is IPv4 first (java.net.preferIPv6Addresses=false), and URLConnection takes the first address only.
  ["Java", java, readUrl(), firstOnly],
  ["Java, preferIPv6Addresses=system", java, readUrl("-Djava.net.preferIPv6Addresses=system"), polite],
  ["curl", debian("curl"), ["curl", "-s", "-o", "page", "http://{host}/"], polite],
  ["curl -4", debian("curl"), ["curl", "-s", "-4", "http://{host}/"], aOnly],
  ["curl on a literal", debian("curl"), ["curl", "-s", "http://{ipv4}/"], literal],
  [
    "curl, a proxy without IPv4",
    debian("curl"),
    ["curl", "-s", "-p", "-x", "http://proxy-strict.test:3128", "http://{host}/"],
    ["proxy", "proxy", "proxy", undefined],
  ],
  [
    "curl, nobody is responsible for the name",
    debian("curl"),
    ["curl", "-s", "http://www.servfail.test/"],
    everywhere("name-not-resolved"),
  ],
  ["curl, a bogus signature", debian("curl"), ["curl", "-s", "http://www.bogus.test/"], everywhere("dnssec")],
  [
    "curl, AAAA leads nowhere",
    debian("curl"),
    ["curl", "-s", "--connect-timeout", "6", "http://aaaa-unreachable.faults.test/"],
    ["server-record-wrong", "server-record-wrong", "works", "works"],
  ],
  ["Chromium, IPv4 literals in a page", debian("chromium"), browse("ipv4-literals.test"), literal],
  ["Chromium, third parties without IPv6", debian("chromium"), browse("third-parties.test"), thirdParty],
  ["wget", debian("wget"), ["wget", "-q", "-O", "page", "http://{host}/"], polite],
  ["git, no such repository", debian("git"), ["git", "ls-remote", "http://{host}/no-such.git"], disappointed],
  ["apt's downloader", debian("apt"), ["/usr/lib/apt/apt-helper", "download-file", "http://{host}/", "page"], polite],
  [
    "Perl HTTP::Tiny",
    perl,
    ["perl", "-MHTTP::Tiny", "-e", 'exit !HTTP::Tiny->new->get("http://{host}/")->{success}'],
    polite,
  ],
  // Its manual: for sockets of AF_INET.
  [
    "Perl IO::Socket::INET",
    perl,
    ["perl", "-MIO::Socket::INET", "-e", 'IO::Socket::INET->new("{host}:80") or die'],
    aOnly,
  ],
  ["netcat-traditional", debian("netcat-traditional"), ["nc.traditional", "-z", "-w", "5", "{host}", "80"], aOnly],
  // hiredis asks for A first, and for AAAA only where there is no A.
  [
    "redis-cli",
    debian("redis-tools"),
    ["redis-cli", "-h", "{host}", "-p", "80", "ping"],
    ["a-only", "a-only", notIpv4, notIpv4],
  ],
  [
    "http.server on 0.0.0.0",
    debian("python3"),
    httpServer("0.0.0.0"),
    ["listens-on-ipv4-only", "listens-on-ipv4-only", "works", "works"],
    port,
  ],
  [
    "http.server on 127.0.0.1",
    debian("python3"),
    httpServer("127.0.0.1"),
    ["listens-on-loopback-ipv4", "listens-on-loopback-ipv4", "listens-on-loopback-ipv4", notIpv4],
    port,
  ],
  [
    "socat, both families",
    debian("socat"),
    ["socat", `TCP6-LISTEN:${port},ipv6only=0,fork`, "SYSTEM:true"],
    everywhere("works"),
    port,
  ],
];

export const corpus: readonly Specimen[] = rows.map(([name, source, command, [nat64, strict, dual, ipv4], listen]) => ({
  ...{ name, source, command, listen },
  expected: {
    "nat64-dns64": nat64,
    "ipv6-only-strict": strict,
    "dual-stack": dual,
    // It has both, and the names are synthesized.
    "nat64-clat": dual,
    "ipv4-only": ipv4,
  },
}));
