import type { LabPlan, NetworkPlan, ResolverKind } from "../plan/model";
import { createHash } from "node:crypto";
import { type Service, type ServiceFile, textFile } from "./bundle";
import { internetServerOptions, internetStubZone } from "./internet-resolver";
import { banner, indent, lines } from "./text";

const folder = "/etc/unbound";

/**
 * Seconds that a client may hold what this network decides: the NAT64 prefix (RFC 7050 section 3: a host asks again when
 * the TTL runs out) and addresses synthesized with it. A network whose prefix changes is asked again in seconds.
 */
const shortTtl = 10;

/** A resolver by what it does; each is a process of its own, since DNS64 is a module of the whole of unbound. */
interface Instance {
  readonly kind: ResolverKind;
  /** Its configuration. */
  readonly file: string;
  /** Beginning of the names of the variants of `dnssec: auto`. */
  readonly variant: string;
}

const dns64: Instance = { kind: "dns64", file: `${folder}/unbound.conf`, variant: "dnssec" };
const plain: Instance = { kind: "plain", file: `${folder}/plain.conf`, variant: "plain-dnssec" };

/**
 * The resolver with DNS64: unbound.conf(5), complete, without the distribution's includes, so that what runs is what the
 * plan says on every image.
 */
export const unbound: Service = {
  name: "unbound",
  unit: "unbound.service",
  packages: ["dns-root-data", "unbound"],
  startsWhenInstalled: true,
  files: (plan) =>
    servedBy(plan, dns64).length === 0
      ? []
      : [
          textFile(
            "/etc/default/unbound",
            lines(banner("#"), "# The gateway itself keeps the resolver that its uplink gave.", "RESOLVCONF=false"),
          ),
          ...configurationFiles(plan, dns64),
        ],
};

/** The resolver for networks that are told nothing but the truth. */
export const unboundPlain: Service = {
  name: "unbound_plain",
  unit: "unbound-plain.service",
  packages: ["dns-root-data", "unbound"],
  files: (plan) =>
    servedBy(plan, plain).length === 0
      ? []
      : [textFile("/etc/systemd/system/unbound-plain.service", plainUnit), ...configurationFiles(plan, plain)],
};

/** As Debian's own unit has it, which is for one instance. */
const plainUnit = lines(
  banner("#"),
  "[Unit]",
  "Description=Resolver without DNS64",
  "After=network.target",
  "",
  "[Service]",
  "Type=notify",
  "Restart=on-failure",
  "ExecStartPre=-/usr/libexec/unbound-helper root_trust_anchor_update",
  `ExecStart=/usr/sbin/unbound -d -p -c ${plain.file}`,
  "ExecReload=+/bin/kill -HUP $MAINPID",
  "",
  "[Install]",
  "WantedBy=multi-user.target",
);

function servedBy({ networks }: LabPlan, { kind }: Instance): readonly NetworkPlan[] {
  return networks.filter(({ resolver }) => resolver === kind);
}

function configurationFiles(plan: LabPlan, instance: Instance): ServiceFile[] {
  const variant = (validation: "on" | "off") =>
    textFile(`${folder}/ipv6-only-lab/${instance.variant}-${validation}.conf`, modules(plan, instance, validation));
  return [
    textFile(instance.file, configuration(plan, instance)),
    ...(plan.dns.dnssec === "auto" ? [variant("off"), variant("on")] : []),
  ];
}

/** What runs says by its `identity` (id.server) which configuration it has: no need to guess whether a reload is over. */
function configuration(plan: LabPlan, instance: Instance): string {
  const digest = createHash("sha256")
    .update(main(plan, instance, ""))
    .digest("hex");
  return main(plan, instance, digest.slice(0, 16));
}

function main(plan: LabPlan, instance: Instance, identity: string): string {
  const { dns, internet } = plan;
  const served = servedBy(plan, instance).flatMap(({ ipv6, ipv4 }) =>
    [ipv6, ipv4].filter((each) => each !== undefined),
  );
  const synthesizes = instance.kind === "dns64";
  return lines(
    banner("#"),
    server(
      // Not 0.0.0.0: systemd-resolved's stub has port 53 of 127.0.0.53. The networks' addresses may come up later.
      ...served.map(({ gatewayAddress }) => `interface: ${gatewayAddress}`),
      ...(synthesizes ? ["interface: 127.0.0.1", "interface: ::1"] : []),
      "ip-freebind: yes",
      "access-control: 127.0.0.0/8 allow",
      "access-control: ::1/128 allow",
      ...served.map(({ prefix }) => `access-control: ${prefix} allow`),
      // Sizes for one small lab and a machine with little memory.
      "num-threads: 1",
      "msg-cache-size: 4m",
      "rrset-cache-size: 8m",
      "outgoing-range: 256",
      `cache-max-ttl: ${shortTtl}`,
      `cache-max-negative-ttl: ${shortTtl}`,
      `identity: "${identity}"`,
      "hide-version: yes",
      !synthesizes && 'pidfile: ""',
      dns.forwarders.some((address) => address.startsWith("127.")) && "do-not-query-localhost: no",
      synthesizes && `dns64-prefix: ${dns.dns64Prefix}`,
      synthesizes && `dns64-synthall: ${dns.synthesizeAll ? "yes" : "no"}`,
      ...ipv4OnlyArpa(synthesizes ? dns.ipv4OnlyArpa : []),
      ...(internet === undefined ? [] : internetServerOptions(internet)),
    ),
    dnssec(plan, instance),
    // What unbound-control(8) changes is in no file, and nobody could tell that it is there.
    clause("remote-control", ["control-enable: no"]),
    internet !== undefined && clause("stub-zone", internetStubZone(internet)),
    dns.forwarders.length > 0 &&
      clause("forward-zone", ['name: "."', ...dns.forwarders.map((address) => `forward-addr: ${address}`)]),
  );
}

/** With `auto`, unbound.sh makes the included file one of the two variants, as its probe of the forwarders decides. */
function dnssec(plan: LabPlan, instance: Instance): string {
  const { dnssec: validation } = plan.dns;
  return validation === "auto"
    ? `include: "${folder}/ipv6-only-lab/${instance.variant}.conf"`
    : modules(plan, instance, validation).trimEnd();
}

/** `dns64` comes first: it asks the modules behind it for the A records (unbound.conf(5), "DNS64 Module Options"). */
function modules({ internet }: LabPlan, { kind }: Instance, validation: "on" | "off"): string {
  // The simulated signed zones have trust anchors of their own, without the root's.
  const validates = validation === "on" || internet !== undefined;
  const names = [...(kind === "dns64" ? [kind] : []), ...(validates ? ["validator"] : []), "iterator"];
  return lines(
    server(
      `module-config: "${names.join(" ")}"`,
      validation === "on" && 'auto-trust-anchor-file: "/var/lib/unbound/root.key"',
    ),
  );
}

/**
 * RFC 8880 section 7.2: whoever runs a DNS64 answers for ipv4only.arpa itself, so that clients find the prefix (RFC
 * 7050) without asking the world; and whoever runs none says that there is no prefix.
 */
function ipv4OnlyArpa(synthesized: readonly string[]): string[] {
  const name = "ipv4only.arpa.";
  const record = (type: string, value: string) => `local-data: "${name} ${shortTtl} IN ${type} ${value}"`;
  return [
    `local-zone: "${name}" static`,
    record("SOA", "sns.dns.icann.org. noc.dns.icann.org. 1 7200 3600 604800 3600"),
    ...["192.0.0.170", "192.0.0.171"].map((address) => record("A", address)),
    ...synthesized.map((address) => record("AAAA", address)),
  ];
}

function clause(head: string, options: readonly string[]): string {
  return `${head}:\n${indent("    ", lines(...options))}`;
}

function server(...options: readonly (string | false)[]): string {
  return `server:\n${indent("    ", lines(...options))}`;
}
