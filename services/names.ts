import type { InternetPlan, NameServerPlan, ZonePlan } from "../plan/internet";
import { type Service, type ServiceFile, textFile } from "./bundle";
import { internetUnit, inServers } from "./internet";
import { banner, lines } from "./text";

const folder = "/etc/nsd/ipv6-only-lab";
const delegatedUnit = "ipv6-only-lab-nsd-delegated.service";

/**
 * The authoritative name servers of the simulated internet: NSD, twice. The second answers at the addresses that zones are
 * delegated to which not everybody reaches; a process that knew both would answer for them at any address.
 */
export const names: Service = {
  name: "names",
  unit: "nsd.service",
  packages: ["ldnsutils", "nsd"],
  startsWhenInstalled: true,
  files: ({ internet }) => (internet === undefined ? [] : files(internet)),
};

function files({ nameServers }: InternetPlan): readonly ServiceFile[] {
  return [
    ...nameServers.map((server) => textFile(configurationPath(server), configuration(server))),
    ...nameServers.flatMap(({ zones }) => zones.flatMap(zoneFiles)),
    textFile(
      "/etc/systemd/system/nsd.service.d/ipv6-only-lab.conf",
      lines(banner("#"), "[Unit]", ...inServers.unit, `Wants=${delegatedUnit}`, "", "[Service]", inServers.service),
    ),
    textFile(`/etc/systemd/system/${delegatedUnit}`, secondUnit()),
  ];
}

function configurationPath({ name }: NameServerPlan): string {
  return name === "main" ? "/etc/nsd/nsd.conf" : `/etc/nsd/${name}.conf`;
}

/** nsd.conf(5), complete, without the distribution's includes. */
function configuration({ addresses, zones }: NameServerPlan): string {
  return lines(
    banner("#"),
    "server:",
    ...addresses.map((address) => `    ip-address: ${address}`),
    "    server-count: 1",
    "    tcp-count: 20",
    // One resolver asks for everybody: its rate is nobody's attack, and the table of askers would take 25 MiB.
    "    rrl-ratelimit: 0",
    "    rrl-whitelist-ratelimit: 0",
    "    rrl-size: 1000",
    "    username: nsd",
    "    hide-version: yes",
    // What a datagram may hold: here fragments are wanted, to see who drops them (RFC 9715 advises 1400).
    "    ipv4-edns-size: 4096",
    "    ipv6-edns-size: 4096",
    '    pidfile: ""',
    // Its unit gives it a /tmp of its own; nothing of it need last.
    '    xfrdfile: "/tmp/xfrd.state"',
    '    zonelistfile: "/tmp/zone.list"',
    '    xfrdir: "/tmp"',
    "remote-control:",
    "    control-enable: no",
    ...zones.flatMap((zone) => ["zone:", `    name: "${zone.name}"`, `    zonefile: "${folder}/${zone.name}.zone"`]),
  );
}

/** A signed zone goes without its signatures, and with the key: names.sh signs it. */
function zoneFiles(zone: ZonePlan): readonly ServiceFile[] {
  const key = zone.signedWith;
  if (key === undefined) return [textFile(`${folder}/${zone.name}.zone`, records(zone))];
  return [
    textFile(`${folder}/${zone.name}.unsigned`, records(zone)),
    textFile(`${folder}/${zone.name}.key`, `${zone.name}. IN DNSKEY ${key.dnskey}\n`),
    {
      path: `${folder}/${zone.name}.private`,
      mode: "0600",
      content: lines("Private-key-format: v1.2", "Algorithm: 15 (ED25519)", `PrivateKey: ${key.privateKey}`),
    },
  ];
}

/** A master file (RFC 1035 section 5). Short lifetimes: what changes is seen within seconds. */
function records({ name, nameServers, hosts, delegations, aliases, texts }: ZonePlan): string {
  const record = (owner: string, type: string, value: string): string => `${owner}. 10 IN ${type} ${value}`;
  return lines(
    banner("//").replace("//", ";"),
    record(name, "SOA", `${nameServers[0] ?? ""}. hostmaster.${name}. 1 3600 600 86400 10`),
    ...nameServers.map((server) => record(name, "NS", `${server}.`)),
    ...hosts.flatMap((host) => [
      ...host.a.map((address) => record(host.name, "A", address)),
      ...host.aaaa.map((address) => record(host.name, "AAAA", address)),
      // A name without addresses is a name all the same.
      ...(host.a.length + host.aaaa.length === 0 ? [record(host.name, "TXT", '"no addresses"')] : []),
    ]),
    ...delegations.map(({ zone, to }) => record(zone, "NS", `${to}.`)),
    ...aliases.map(({ name: alias, target }) => record(alias, "CNAME", `${target}.`)),
    ...texts.map(({ name: owner, octets }) => record(owner, "TXT", text(octets))),
  );
}

/** Character-strings of at most 255 octets (RFC 1035 section 3.3). */
function text(octets: number): string {
  return Array.from({ length: Math.ceil(octets / 250) }, () => `"${"x".repeat(250)}"`).join(" ");
}

function secondUnit(): string {
  return lines(
    banner("#"),
    "[Unit]",
    "Description=Simulated internet: name servers that not everybody reaches",
    `PartOf=nsd.service ${internetUnit}`,
    ...inServers.unit.filter((line) => !line.startsWith("PartOf=")),
    "",
    "[Service]",
    "Type=notify",
    "ExecStart=/usr/sbin/nsd -d -c /etc/nsd/delegated.conf",
    inServers.service,
    "ProtectSystem=strict",
    "PrivateTmp=yes",
    "NoNewPrivileges=yes",
  );
}
