/** What the facts scripts printed on a healthy lab with the default configuration, shortened. */
import { parseConfig } from "../../plan/config";
import { planLab } from "../../plan/lab";
import { type LabAccess, promisedBy } from "../../verify/access";

const plan = planLab(parseConfig({}), { project: "ipv6-only-lab", stack: "test" });
const [client] = plan.clients;
if (client === undefined) {
  throw new Error("The default configuration has a client.");
}

export const clientAddress = client.address;

export const access: LabAccess = {
  promised: promisedBy(plan),
  user: "lab",
  privateKey: "not used",
  gateway: { name: "gateway", host: "127.0.0.1", port: 2222, hostKey: "ssh-ed25519 g", console: "/g/console.log" },
  clients: [
    {
      name: "client-1",
      address: clientAddress,
      lanMac: client.lanMac,
      hostKey: "ssh-ed25519 c",
      console: "/c/console.log",
    },
  ],
};

const octets = [252, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1];
const lan = {
  Name: "lan",
  DNS: [
    { Family: 10, Address: octets, ConfigSource: "DHCPv6" },
    { Family: 10, Address: octets, ConfigSource: "NDisc" },
  ],
  NDisc: { PREF64: [{ Prefix: [0, 100, 255, 155, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], PrefixLength: 96 }] },
};

const addresses = [
  {
    ifname: "lo",
    addr_info: [
      { family: "inet", local: "127.0.0.1", scope: "host" },
      { family: "inet6", local: "::1", scope: "host" },
    ],
  },
  {
    ifname: "lan",
    addr_info: [
      { family: "inet6", local: clientAddress, scope: "global", dynamic: true },
      { family: "inet6", local: "fe80::8871:1eff:fe21:427e", scope: "link" },
    ],
  },
];

/** What dig says of a host behind a CNAME, and of ipv4only.arpa. */
export function names(
  aaaa: readonly string[],
  a: readonly string[],
  ipv4only: readonly string[] = ["64:ff9b::c000:aa", "64:ff9b::c000:ab"],
): string {
  const records = (owner: string, type: string, data: readonly string[]): string[] =>
    data.map((each) => `${owner}\t60\tIN\t${type}\t${each}`);
  return [
    ...records("mirror.example.", "CNAME", ["cdn.mirror.example."]),
    ...records("cdn.mirror.example.", "AAAA", aaaa),
    ";; a remark",
    ...records("mirror.example.", "CNAME", ["cdn.mirror.example."]),
    ...records("cdn.mirror.example.", "A", a),
    ...records("ipv4only.arpa.", "AAAA", ipv4only),
  ].join("\n");
}

export const healthyClient: Readonly<Record<string, string>> = {
  url: "http://mirror.example/debian/dists/trixie/InRelease",
  fetch: "200 140421 64:ff9b::c633:6407 0.246815",
  addresses: JSON.stringify(addresses),
  routes6: JSON.stringify([
    { dst: "default", gateway: "fe80::581f:79ff:fe3f:4b03", dev: "lan", protocol: "ra", metric: 1024 },
  ]),
  routes4: "[]",
  lan: JSON.stringify(lan),
  resolver: "fc01:0:0:1::1",
  names: names(["64:ff9b::c633:6407"], ["198.51.100.7"]),
};

const sessionHead =
  "Protocol,IPv6 Remote Address,IPv6 Remote L4-ID,IPv6 Local Address,IPv6 Local L4-ID," +
  "IPv4 Local Address,IPv4 Local L4-ID,IPv4 Remote Address,IPv4 Remote L4-ID,Expires in,State";
const bibHead = "Protocol,IPv6 Address,IPv6 L4-ID,IPv4 Address,IPv4 L4-ID,Static?";

export const healthyServices: Readonly<Record<string, string>> = {
  units: ["jool", "nftables", "unbound", "radvd", "kea-dhcp6-server"]
    .map((name) => `Id=${name}.service\nActiveState=active\nSubState=running\nResult=success`)
    .join("\n\n"),
  instance: "Namespace,Name,Framework\n0x1,default,netfilter",
  kernel: "6.12.0-cloud-amd64",
  module: "4.1.13.0",
};

export const translations: Readonly<Record<string, string>> = {
  sessionsTcp: `${sessionHead}\nTCP,${clientAddress},47942,64:ff9b::c633:6407,80,10.0.2.15,62415,198.51.100.7,80,0:03:59.1,TRANS`,
  sessionsUdp: sessionHead,
  sessionsIcmp: sessionHead,
  bibTcp: `${bibHead}\nTCP,${clientAddress},47942,10.0.2.15,62415,0`,
  bibUdp: bibHead,
  bibIcmp: bibHead,
};

/** The text that a facts script prints; a section of `failed` ended with that exit code. */
export function printed(
  sections: Readonly<Record<string, string>>,
  failed: Readonly<Record<string, number>> = {},
): string {
  return Object.entries(sections)
    .map(([name, output]) => `### ${name} ${failed[name] ?? 0}\n${output}\n`)
    .join("");
}
