import type { DnsPlan, LabPlan } from "../plan/model";
import { createHash } from "node:crypto";
import { type Service, textFile } from "./bundle";
import { internetServerOptions, internetStubZone } from "./internet-resolver";
import { banner, indent, lines } from "./text";

const folder = "/etc/unbound";

/**
 * Seconds that a client may hold what this network decides: the NAT64 prefix (RFC 7050 section 3: a host asks again when
 * the TTL runs out) and addresses synthesized with it. A network whose prefix changes is asked again in seconds.
 */
const shortTtl = 10;

/**
 * The LAN's resolver: unbound.conf(5), complete, without the distribution's includes, so that what runs is what the
 * plan says on every image.
 */
export const unbound: Service = {
  name: "unbound",
  unit: "unbound.service",
  packages: ["dns-root-data", "unbound"],
  startsWhenInstalled: true,
  files: (plan) => [
    textFile(
      "/etc/default/unbound",
      lines(banner("#"), "# The gateway itself keeps the resolver that its uplink gave.", "RESOLVCONF=false"),
    ),
    textFile(`${folder}/unbound.conf`, configuration(plan)),
    ...(plan.dns.dnssec === "auto"
      ? [
          textFile(`${folder}/ipv6-only-lab/dnssec-off.conf`, modules(plan, "off")),
          textFile(`${folder}/ipv6-only-lab/dnssec-on.conf`, modules(plan, "on")),
        ]
      : []),
  ],
};

/** What runs says by its `identity` (id.server) which configuration it has: no need to guess whether a reload is over. */
function configuration(plan: LabPlan): string {
  const digest = createHash("sha256").update(main(plan, "")).digest("hex");
  return main(plan, digest.slice(0, 16));
}

function main(plan: LabPlan, identity: string): string {
  const { dns, internet } = plan;
  return lines(
    banner("#"),
    server(
      // Not 0.0.0.0: systemd-resolved's stub has port 53 of 127.0.0.53. The LAN address may come up later.
      `interface: ${plan.lan.gatewayAddress}`,
      "interface: 127.0.0.1",
      "interface: ::1",
      "ip-freebind: yes",
      "access-control: 127.0.0.0/8 allow",
      "access-control: ::1/128 allow",
      `access-control: ${plan.lan.prefix} allow`,
      // Sizes for one small LAN and a machine with little memory.
      "num-threads: 1",
      "msg-cache-size: 4m",
      "rrset-cache-size: 8m",
      "outgoing-range: 256",
      `cache-max-ttl: ${shortTtl}`,
      `cache-max-negative-ttl: ${shortTtl}`,
      `identity: "${identity}"`,
      "hide-version: yes",
      dns.forwarders.some((address) => address.startsWith("127.")) && "do-not-query-localhost: no",
      `dns64-prefix: ${dns.dns64Prefix}`,
      `dns64-synthall: ${dns.synthesizeAll ? "yes" : "no"}`,
      ...ipv4OnlyArpa(dns),
      ...(internet === undefined ? [] : internetServerOptions(internet)),
    ),
    dnssec(plan),
    "remote-control:",
    '    control-enable: yes\n    control-interface: "/run/unbound.ctl"',
    internet !== undefined && clause("stub-zone", internetStubZone(internet)),
    dns.forwarders.length > 0 &&
      clause("forward-zone", ['name: "."', ...dns.forwarders.map((address) => `forward-addr: ${address}`)]),
  );
}

/** With `auto`, unbound.sh makes `dnssec.conf` one of the two variants, as its probe of the forwarders decides. */
function dnssec(plan: LabPlan): string {
  const { dns } = plan;
  return dns.dnssec === "auto" ? `include: "${folder}/ipv6-only-lab/dnssec.conf"` : modules(plan, dns.dnssec).trimEnd();
}

/** `dns64` comes first: it asks the modules behind it for the A records (unbound.conf(5), "DNS64 Module Options"). */
function modules({ internet }: LabPlan, validation: "on" | "off"): string {
  if (validation === "on")
    return lines(
      server('module-config: "dns64 validator iterator"', 'auto-trust-anchor-file: "/var/lib/unbound/root.key"'),
    );
  // The simulated signed zones have trust anchors of their own, without the root's.
  return lines(server(`module-config: "dns64 ${internet === undefined ? "" : "validator "}iterator"`));
}

/**
 * RFC 8880 section 7.2: whoever runs a DNS64 answers for ipv4only.arpa itself, so that clients find the prefix (RFC
 * 7050) without asking the world.
 */
function ipv4OnlyArpa(dns: DnsPlan): string[] {
  const name = "ipv4only.arpa.";
  const record = (type: string, value: string) => `local-data: "${name} ${shortTtl} IN ${type} ${value}"`;
  return [
    `local-zone: "${name}" static`,
    record("SOA", "sns.dns.icann.org. noc.dns.icann.org. 1 7200 3600 604800 3600"),
    ...["192.0.0.170", "192.0.0.171"].map((address) => record("A", address)),
    ...dns.ipv4OnlyArpa.map((address) => record("AAAA", address)),
  ];
}

function clause(head: string, options: readonly string[]): string {
  return `${head}:\n${indent("    ", lines(...options))}`;
}

function server(...options: readonly (string | false)[]): string {
  return `server:\n${indent("    ", lines(...options))}`;
}
