import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { InternetPlan, PathPlan, ProxyPlan } from "../plan/internet";
import { internet as card } from "../plan/interfaces";
import { type Service, type ServiceFile, textFile } from "./bundle";
import { banner, indent, lines } from "./text";

/** What brings the namespaces up. Everything that runs in them is PartOf it. */
export const internetUnit = "ipv6-only-lab-internet.service";

const folder = "/etc/ipv6-only-lab/internet";
const script = "/usr/local/lib/ipv6-only-lab/internet";

const router = "internet-router";
/** The namespace that has all servers. */
export const servers = "internet-servers";
export const proxyNamespace = ({ name }: Pick<ProxyPlan, "name">): string => `internet-proxy-${name}`;

/** The `[Unit]` and `[Service]` lines that put a service into a namespace of the simulated internet. */
function inNamespace(namespace: string): { readonly unit: readonly string[]; readonly service: string } {
  return {
    unit: [`Requires=${internetUnit}`, `After=${internetUnit}`, `PartOf=${internetUnit}`],
    // What runs there keeps nothing, and a name server that is asked to end may take its time.
    service: `NetworkNamespacePath=/run/netns/${namespace}\nTimeoutStopSec=5`,
  };
}

export const inServers = inNamespace(servers);
export const inProxy = (proxy: ProxyPlan) => inNamespace(proxyNamespace(proxy));

/**
 * The simulated internet's wires: namespaces of the gateway's kernel. The card `internet` leads to a router, the router
 * over paths that each have a property of their own to one namespace that has all servers' addresses. The address that a
 * packet goes to chooses its path, the address that an answer comes from its way back.
 */
export const internet: Service = {
  name: "internet",
  unit: internetUnit,
  packages: ["iproute2", "nftables"],
  files: ({ internet: plan }) => (plan === undefined ? [] : files(plan)),
};

function files(plan: InternetPlan): readonly ServiceFile[] {
  const file = (name: string, ...content: readonly string[]): ServiceFile =>
    textFile(`${folder}/${name}`, lines(banner("#"), ...content));
  return [
    textFile(`/etc/systemd/system/${internetUnit}`, unit()),
    // Part of the program's text, only kept in a file of its own, where shellcheck sees it.
    { path: script, mode: "0755", content: readFileSync(join(__dirname, "internet", "namespaces.sh"), "utf8") },
    file("namespaces", router, servers, ...plan.proxies.map(proxyNamespace)),
    // ip-batch(8), and the rules apart by family, which ip(8) does not take from their addresses.
    file("gateway.ip", ...gatewayLinks(plan)),
    file(`${router}.ip`, ...routerLinks(plan)),
    file(`${router}.rules`, ...narrowPaths(plan).map(({ name }) => `rule add iif ${name} lookup ${narrow}`)),
    file(`${router}.nft`, routerRules(plan)),
    file(`${router}.tc`, ...plan.paths.flatMap(({ name, netem }) => discipline(name, netem.toServers))),
    file(`${servers}.ip`, ...serverLinks(plan)),
    ...(["ipv4", "ipv6"] as const).map((family) =>
      file(
        `${servers}.rules-${family}`,
        ...plan.paths.map((path, index) => `rule add from ${path[family]} lookup ${firstTable + index}`),
      ),
    ),
    file(`${servers}.nft`, serverRules(plan)),
    file(`${servers}.tc`, ...plan.paths.flatMap(({ name, netem }) => discipline(name, netem.fromServers))),
    ...plan.proxies.map((proxy) => file(`${proxyNamespace(proxy)}.ip`, ...proxyLinks(plan, proxy))),
  ];
}

function unit(): string {
  return lines(
    banner("#"),
    "[Unit]",
    "Description=Simulated internet: namespaces, paths and routes",
    "",
    "[Service]",
    "Type=oneshot",
    "RemainAfterExit=yes",
    `ExecStart=${script} up`,
    `ExecStop=${script} down`,
    "",
    "[Install]",
    "WantedBy=multi-user.target",
  );
}

/** Routing tables: the way back over each path, and the way to the gateway for what came over a narrow one. */
const firstTable = 1000;
const narrow = 999;

/**
 * Both ends of a path have a card of its name, with these addresses, and so have both ends of the link to the gateway: a
 * router without a link-local address asks for no neighbour on behalf of what it forwards (Linux: ndisc_solicit).
 */
const nearEnd = "fe80::1";
const farEnd = "fe80::2";

/**
 * A pair of cards without address of their own accord. Segments are not put together on the way (gso_max_segs): a router
 * must see the packets that would be on a wire.
 */
function veth(name: string, peer: string, peerNamespace: string): readonly string[] {
  return [`link add name ${name} type veth peer name ${peer} netns ${peerNamespace}`, ...up(name)];
}

function up(name: string): readonly string[] {
  return [`link set dev ${name} addrgenmode none gso_max_segs 1 up`];
}

function linkLocal(address: string, name: string): string {
  return `address add ${address}/64 dev ${name} nodad`;
}

function gatewayLinks({ link, prefixes }: InternetPlan): readonly string[] {
  return [
    ...veth(card, "gateway", router),
    linkLocal(nearEnd, card),
    `address add ${link.gateway.ipv4}/29 dev ${card}`,
    `address add ${link.gateway.ipv6}/64 dev ${card} nodad`,
    `route add ${prefixes.ipv4} via ${link.router.ipv4}`,
    `route add ${prefixes.ipv6} via ${link.router.ipv6}`,
  ];
}

function narrowPaths({ paths }: InternetPlan): readonly PathPlan[] {
  return paths.filter(({ mtu, tooBig }) => mtu !== undefined && tooBig);
}

function routerLinks(plan: InternetPlan): readonly string[] {
  const { link, paths, deadEnds, proxies } = plan;
  const back = [`default via ${link.gateway.ipv4}`, `default via ${link.gateway.ipv6}`];
  const narrowMtu = narrowPaths(plan)[0]?.mtu;
  return [
    "link set dev lo up",
    ...up("gateway"),
    linkLocal(farEnd, "gateway"),
    `address add ${link.router.ipv4}/29 dev gateway`,
    `address add ${link.router.ipv6}/64 dev gateway nodad`,
    ...back.map((route) => `route add ${route}`),
    // A locked MTU holds for what is forwarded too.
    ...(narrowMtu === undefined ? [] : back.map((route) => `route add ${route} mtu lock ${narrowMtu} table ${narrow}`)),
    ...deadEnds.flatMap(({ kind, ipv4, ipv6 }) => [`route add ${kind} ${ipv4}`, `route add ${kind} ${ipv6}`]),
    ...paths.flatMap((path) => pathLinks(path)),
    ...proxies.flatMap(({ name, host }) => [
      ...veth(`proxy-${name}`, "router", `internet-proxy-${name}`),
      linkLocal(nearEnd, `proxy-${name}`),
      ...host.a.map((address) => `route add ${address} dev proxy-${name}`),
      ...host.aaaa.map((address) => `route add ${address} via ${farEnd} dev proxy-${name}`),
    ]),
  ];
}

function pathLinks({ name, ipv4, ipv6, mtu, tooBig }: PathPlan): readonly string[] {
  const lock = mtu !== undefined && tooBig ? ` mtu lock ${mtu}` : "";
  return [
    ...veth(name, name, servers),
    linkLocal(nearEnd, name),
    // RFC 8950: a next hop of the other family saves the paths IPv4 addresses of their own.
    `route add ${ipv4} via inet6 ${farEnd} dev ${name}${lock}`,
    `route add ${ipv6} via ${farEnd} dev ${name}${lock}`,
  ];
}

function serverLinks({ paths }: InternetPlan): readonly string[] {
  return [
    "link set dev lo up",
    ...paths.flatMap(({ name, ipv4, ipv6 }, index) => [
      ...up(name),
      linkLocal(farEnd, name),
      // Every address of the prefix is this machine's.
      `route add local ${ipv4} dev lo`,
      `route add local ${ipv6} dev lo`,
      `route add 0.0.0.0/0 via inet6 ${nearEnd} dev ${name} table ${firstTable + index}`,
      `route add ::/0 via ${nearEnd} dev ${name} table ${firstTable + index}`,
    ]),
  ];
}

/** A namespace without the other family altogether: what it does not have it cannot use. */
function proxyLinks({ link }: InternetPlan, { host }: ProxyPlan): readonly string[] {
  return [
    "link set dev lo up",
    ...up("router"),
    // The router answers for its address on any card.
    ...host.a.flatMap((address) => [
      `address add ${address}/32 dev router`,
      `route add default via ${link.router.ipv4} dev router onlink`,
    ]),
    ...host.aaaa.flatMap((address) => [
      linkLocal(farEnd, "router"),
      `address add ${address}/128 dev router nodad`,
      `route add default via ${nearEnd} dev router`,
    ]),
  ];
}

function discipline(path: string, netem: string | undefined): readonly string[] {
  return netem === undefined ? [] : [`qdisc add dev ${path} root netem limit 10000 ${netem}`];
}

/** Before anything that looks into packets, and before the router would say that one is too big. */
function routerRules({ paths }: InternetPlan): string {
  const both = (path: PathPlan, condition: string, comment: string): readonly string[] => [
    ...(["ipv4", "ipv6"] as const).map(
      (family) =>
        `iifname "gateway" ${family === "ipv4" ? "ip" : "ip6"} daddr ${path[family]} ${condition} counter drop comment "${comment}"`,
    ),
    `iifname "${path.name}" ${condition} counter drop comment "${comment}"`,
  ];
  const rules = paths.flatMap((path) => [
    ...(path.mtu !== undefined && !path.tooBig
      ? both(path, `meta length > ${path.mtu}`, `${path.name}: too big, without a word`)
      : []),
    ...(path.fragments
      ? []
      : [
          ...both(path, "exthdr frag exists", `${path.name}: fragment`).filter((rule) => !rule.includes(" ip daddr ")),
          ...both(path, "ip frag-off & 0x3fff != 0", `${path.name}: fragment`).filter(
            (rule) => !rule.includes(" ip6 daddr "),
          ),
        ]),
  ]);
  return table("router", "prerouting", "priority -450", rules);
}

function serverRules({ oddPlaces: { refusing, silentHttp, silentHttps } }: InternetPlan): string {
  const rules = [
    `ip daddr ${refusing.ipv4} meta l4proto tcp counter reject with tcp reset`,
    `ip6 daddr ${refusing.ipv6} meta l4proto tcp counter reject with tcp reset`,
    `ip daddr ${silentHttp.ipv4} tcp dport 80 counter drop`,
    `ip6 daddr ${silentHttp.ipv6} tcp dport 80 counter drop`,
    `ip daddr ${silentHttps.ipv4} meta l4proto { tcp, udp } th dport 443 counter drop`,
    `ip6 daddr ${silentHttps.ipv6} meta l4proto { tcp, udp } th dport 443 counter drop`,
  ];
  return table("servers", "input", "priority filter", rules);
}

function table(name: string, hook: string, priority: string, rules: readonly string[]): string {
  const chain = `chain ${hook} {\n${indent("\t", lines(`type filter hook ${hook} ${priority}; policy accept;`, ...rules))}\n}`;
  return `table inet ${name} {\n${indent("\t", lines(chain))}\n}`;
}
