/** Single faults of a lab, each with what must be noticed and what mends it. */
import * as fs from "node:fs";
import * as path from "node:path";
import { addressesOf, type LabAccess, type PromisedIpv6 } from "../../verify/access";

export interface Breakage {
  /** As a sentence goes on after "when". */
  readonly name: string;
  readonly on: "gateway" | "client";
  /** A script that root runs there. */
  readonly how: string | ((lab: LabAccess) => string);
  /** Beginnings of the sentences that are not true any more; all others still are. */
  readonly fails: readonly string[];
  /** Beginnings of those that cannot be told any more. */
  readonly skips?: readonly string[];
  /** Beginnings of those that come to be untrue with time. */
  readonly also?: readonly string[];
  /** The first advice that the report gives. A command is followed as it stands. */
  readonly remedy: "npm run up" | "npm run ssh" | RegExp;
  /** What follows advice that is no command. */
  readonly undo?: string;
  /** Shown in every run of the tests; the others only when all are asked for. */
  readonly always?: true;
}

/** The checks, by the beginning of what they say. */
const is = {
  services: "every service runs",
  translator: "one NAT64 translator",
  ports: "the translator has ports left",
  forwarding: "it forwards packets",
  uplink: "its IPv4 default route",
  lanCard: "its LAN card",
  disk: "it can write to its disk",
  clock: "its clock is right",
  refusal: "the resolver refuses",
  doors: "a stranger beside the LAN gets no answer",
  strangersNat64: "a stranger beside the LAN cannot use NAT64",
  strangersWay: "a stranger beside the LAN cannot reach",
  drops: "the firewall drops",
  address: "the address ",
  duplicate: "no other machine on the segment",
  ipv4: "there is no IPv4",
  route: "the default route is the gateway's alone",
  routers: "only the gateway answers as a router",
  advertisements: "the router advertisements say",
  mtu: "the MTU is",
  resolver: "the resolver is the one",
  search: "the search domains are",
  pref64: "the NAT64 prefix is known",
  dhcpv6: "DHCPv6 is",
  neighbours: "the gateway and clients that were there",
  ipv4only: "ipv4only.arpa leads",
  tcp: "the resolver says the same over TCP",
  ownView: "the client's own resolver",
  programs: "programs are told",
  dns64: "DNS64 gives",
  fresh: "the resolver finds out",
  fetch: "IPv4-only content",
  session: "Jool's session table",
  datagram: "a datagram to an IPv4 host",
  denied: "denied IPv4",
  spoofed: "only addresses of the LAN",
  ssh: "SSH on the gateway",
} as const;

/** Without a packet that is translated none can be told from one that is refused. */
const untold = [is.session, is.datagram, is.denied, is.spoofed];

/** Something on the segment that is none of the lab's machines; it is at home on the gateway's card. */
function rogue(...words: readonly string[]): string {
  const program = fs.readFileSync(path.join(__dirname, "rogue.py"), "utf8");
  return `cat >/run/rogue.py <<'END'\n${program}END\nsetsid -f python3 /run/rogue.py ${words.join(" ")} </dev/null >/dev/null 2>&1\nsleep 2`;
}

export const switchOff = "kill $(pgrep -f /run/rogue.py)";

function edit(unit: string, file: string, expression: string): string {
  return `sed -i '${expression}' ${file} && systemctl restart ${unit} && sleep 1`;
}

const radvd = (expression: string): string => edit("radvd", "/etc/radvd.conf", expression);
const unbound = (expression: string): string => edit("unbound", "/etc/unbound/unbound.conf", expression);

function clientAddress({ clients: [client] }: LabAccess): string {
  return client === undefined ? "" : (addressesOf(client)[0] ?? "");
}

/** The lab of these tests has one network. */
function ipv6Of({ networks: [network] }: LabAccess["promised"]): PromisedIpv6 {
  if (network?.ipv6 === undefined) throw new Error("The lab's network has no IPv6.");
  return network.ipv6;
}

const onTheGateway: readonly Omit<Breakage, "on">[] = [
  {
    name: "the firewall is flushed",
    always: true,
    how: "nft flush ruleset",
    fails: [is.doors, is.strangersNat64, is.strangersWay, is.drops, is.denied, is.spoofed, is.ssh],
    remedy: "npm run up",
  },
  {
    name: "denied destinations are translated",
    always: true,
    how: "nft flush set inet ipv6_only_lab denied_destinations",
    fails: [is.drops, is.denied],
    remedy: "npm run up",
  },
  {
    name: "the firewall lets the LAN log in, beside it alone",
    always: true,
    how: "nft insert rule inet ipv6_only_lab input iifname lan ip6 daddr fe80::/10 tcp dport 22 accept",
    fails: [is.ssh],
    remedy: "npm run up",
  },
  {
    name: "the firewall lets a stranger in",
    always: true,
    how: "nft insert rule inet ipv6_only_lab input accept",
    fails: [is.doors, is.ssh],
    remedy: "npm run up",
  },
  {
    name: "the firewall forwards a stranger's packets",
    how: "nft insert rule inet ipv6_only_lab forward accept",
    fails: [is.strangersWay],
    remedy: "npm run up",
  },
  {
    name: "the resolver is open to the world",
    how: unbound("s/access-control: ::1.*/access-control: ::0\\/0 allow/"),
    fails: [is.refusal],
    remedy: "npm run up",
  },
  {
    name: "DNS64 is off",
    how: unbound("s/dns64 //"),
    fails: [is.dns64, is.fetch],
    remedy: "npm run up",
  },
  {
    name: "DNS64 makes addresses behind another prefix",
    how: unbound("s/dns64-prefix: .*/dns64-prefix: 2001:db8:64::\\/96/"),
    fails: [is.dns64, is.fetch],
    remedy: "npm run up",
  },
  {
    name: "unbound leads ipv4only.arpa elsewhere",
    how: unbound("s/AAAA 64:ff9b::/AAAA 2001:db8::/"),
    fails: [is.ipv4only, is.ownView],
    remedy: "npm run up",
  },
  {
    name: "the forwarders are silent",
    how: "nft add table inet broken && nft 'add chain inet broken output { type filter hook output priority 0; }' && nft add rule inet broken output oifname uplink udp dport 53 drop && nft add rule inet broken output oifname uplink tcp dport 53 drop && systemctl reload unbound",
    fails: [is.fresh, is.dns64, is.fetch],
    skips: [is.programs, ...untold],
    remedy: "npm run up",
  },
  {
    name: "unbound is stopped while the client's cache is warm",
    how: "systemctl stop unbound",
    fails: [is.services, is.refusal, is.ipv4only, is.ownView, is.dns64, is.fresh, is.fetch],
    skips: [is.tcp, is.programs, ...untold],
    remedy: "npm run up",
  },
  {
    name: "the firewall keeps datagrams from the translator",
    how: "nft insert rule inet ipv6_only_lab from_lan meta l4proto udp ip6 daddr != @denied_destinations ip6 daddr 64:ff9b::/96 drop",
    fails: [is.datagram],
    skips: [is.denied, is.spoofed],
    remedy: "npm run up",
  },
  {
    name: "the firewall lets no TCP to the resolver",
    how: "nft insert rule inet ipv6_only_lab input iifname lan tcp dport 53 drop",
    fails: [is.tcp],
    remedy: "npm run up",
  },
  {
    name: "the firewall's unit is stopped",
    how: "systemctl stop nftables",
    fails: [is.services, is.doors, is.strangersNat64, is.strangersWay, is.drops, is.denied, is.spoofed, is.ssh],
    remedy: "npm run up",
  },
  {
    name: "Jool is stopped",
    how: "systemctl stop jool",
    fails: [is.services, is.translator, is.fetch],
    skips: untold,
    remedy: "npm run up",
  },
  {
    name: "radvd is stopped",
    how: "systemctl stop radvd",
    // Its last advertisement says that the gateway is no router any more (RFC 4861 section 6.2.5).
    fails: [is.services, is.route, is.routers, is.advertisements, is.fetch],
    skips: untold,
    remedy: "npm run up",
  },
  {
    name: "Kea is stopped",
    how: "systemctl stop kea-dhcp6-server",
    fails: [is.services, is.dhcpv6],
    remedy: "npm run up",
  },
  {
    name: "Jool's instance is gone",
    how: "jool instance remove",
    fails: [is.translator, is.fetch],
    skips: untold,
    remedy: "npm run up",
  },
  {
    name: "Jool is switched off",
    how: "jool global update manually-enabled false",
    fails: [is.translator, is.fetch],
    skips: untold,
    remedy: "npm run up",
  },
  {
    name: "Jool's pool6 is another one",
    how: "jool instance remove && jool instance add default --netfilter --pool6 2001:db8:64::/96",
    fails: [is.translator, is.fetch],
    skips: untold,
    remedy: "npm run up",
  },
  {
    name: "Jool's pool4 is another one",
    how: "for kind in tcp udp icmp; do jool pool4 add --$kind 198.51.100.9 61001-65535; done",
    fails: [is.translator, is.fetch],
    skips: untold,
    remedy: "npm run up",
  },
  {
    name: "a second NAT64 prefix is announced",
    how: radvd("s/nat64prefix 64:ff9b::.*/nat64prefix 2001:db8:64::\\/96 { AdvValidLifetime 32; }; &/"),
    fails: [is.advertisements, is.pref64],
    remedy: "npm run up",
  },
  {
    name: "the NAT64 prefix is not announced",
    // What was withdrawn lately stands on one line each.
    how: radvd("/nat64prefix.*};/d; /nat64prefix/,/};/d"),
    fails: [is.advertisements],
    remedy: "npm run up",
  },
  {
    name: "another MTU is announced",
    how: radvd("s/AdvLinkMTU.*/AdvLinkMTU 1400;/"),
    // radvd has the gateway itself use what it announces.
    fails: [is.lanCard, is.advertisements, is.mtu],
    remedy: "npm run up",
  },
  {
    name: "another prefix is announced",
    how: radvd("s/^\\(\\s*\\)prefix [^{]*$/\\1prefix 2001:db8:1::\\/64/"),
    // By RFC 6724 rule 8 the client sends from it to 64:ff9b::/96, and the firewall takes it for a false source.
    fails: [is.address, is.advertisements, is.fetch],
    skips: untold,
    remedy: "npm run up",
  },
  {
    name: "the prefix is announced with other lifetimes",
    how: radvd("s/^\\(\\s*\\)AdvPreferredLifetime .*/\\1AdvPreferredLifetime 7200;/"),
    fails: [is.advertisements],
    remedy: "npm run up",
  },
  {
    name: "another resolver is announced",
    how: radvd("s/RDNSS fc01[^ {]*/RDNSS 2001:db8::53/"),
    fails: [is.advertisements, is.resolver],
    remedy: "npm run up",
  },
  {
    name: "another search domain is announced",
    how: radvd("s/DNSSL lab[^ {]*/DNSSL wrong.example/"),
    fails: [is.advertisements, is.search],
    remedy: "npm run up",
  },
  {
    name: "DHCPv6 names another resolver",
    how: edit("kea-dhcp6-server", "/etc/kea/kea-dhcp6.conf", 's/"data": "fc01[^"]*"/"data": "2001:db8::53"/'),
    fails: [is.dhcpv6],
    remedy: "npm run up",
  },
  {
    name: "the gateway does not forward IPv4",
    how: "sysctl -q net.ipv4.conf.all.forwarding=0",
    // Jool itself sends what it translates; nothing is missed until something is to be routed.
    fails: [is.forwarding],
    remedy: "npm run up",
  },
  {
    name: "the gateway does not forward what comes in by its uplink",
    how: "sysctl -q net.ipv4.conf.uplink.forwarding=0",
    fails: [is.forwarding],
    remedy: "npm run up",
  },
  {
    name: "the gateway does not forward IPv6",
    how: "sysctl -q net.ipv6.conf.all.forwarding=0",
    fails: [is.forwarding],
    // radvd offers no route through a router that forwards nothing, from its next advertisement on.
    also: [is.advertisements, is.route, is.routers, is.fetch, ...untold],
    skips: [is.strangersWay],
    remedy: "npm run up",
  },
  {
    name: "the gateway's LAN card has another MTU",
    how: "ip link set lan mtu 1400",
    // radvd announces no MTU that its card has not, and says nothing at all instead.
    fails: [is.lanCard, is.routers, is.advertisements],
    remedy: "npm run up",
  },
  {
    name: "the gateway has lost its LAN address",
    how: ({ promised }) => `ip address del ${ipv6Of(promised).gatewayAddress}/64 dev lan`,
    fails: [
      ...[is.lanCard, is.refusal, is.strangersWay, is.neighbours],
      ...[is.ipv4only, is.ownView, is.dns64, is.fresh, is.fetch],
    ],
    skips: [is.tcp, is.programs, ...untold, is.ssh],
    remedy: "npm run up",
  },
  {
    name: "the uplink leads nowhere",
    how: "ip route del default",
    fails: [is.uplink, is.fetch],
    skips: untold,
    remedy: "npm run ssh",
  },
  {
    name: "radvd reads another file by a setting of its unit",
    how: `sed 's/AdvPreferredLifetime .*/AdvPreferredLifetime 7200;/' /etc/radvd.conf >/run/radvd.conf
mkdir -p /run/systemd/system/radvd.service.d
printf '[Service]\\nExecStart=\\nExecStart=radvd --logmethod stderr_clean -C /run/radvd.conf\\n' >/run/systemd/system/radvd.service.d/another.conf
systemctl daemon-reload && systemctl restart radvd && sleep 1`,
    fails: [is.advertisements],
    remedy: "npm run up",
  },
  {
    name: "a rule comes before the gateway's routes",
    how: "ip rule add dport 443 blackhole priority 100",
    fails: [is.forwarding],
    remedy: "npm run up",
  },
  {
    name: "a rule keeps the gateway's answers from the clients",
    how: ({ promised }) => `ip -6 rule add from ${ipv6Of(promised).prefix} prohibit priority 100`,
    fails: [is.forwarding, is.neighbours, is.ipv4only, is.ownView, is.dns64, is.fresh, is.fetch],
    skips: [is.tcp, is.programs, ...untold, is.ssh],
    remedy: "npm run up",
  },
  {
    name: "the translator forgets sooner than it was told to",
    how: "jool global update udp-timeout 0:02:00",
    fails: [is.translator],
    remedy: "npm run up",
  },
  {
    name: "every port of the translator is taken",
    how: ({ promised }) =>
      `python3 - <<'END'\nimport json\nentries = [{"protocol": "TCP", "ipv6 address": "${ipv6Of(promised).gatewayAddress}#%d" % (port - 60000), "ipv4 address": "10.0.2.15#%d" % port} for port in range(61001, 65536)]\nsettings = json.load(open("/etc/jool/jool.conf"))\nsettings["bib"] = entries\njson.dump(settings, open("/run/full.conf", "w"))\nEND\njool instance remove\njool file handle /run/full.conf`,
    fails: [is.ports, is.fetch],
    skips: untold,
    remedy: "npm run ssh",
  },
  {
    name: "the disk is full",
    how: "for unit in G M K; do n=0; while fallocate -l 1$unit /var/tmp/full.$unit.$n 2>/dev/null; do n=$((n + 1)); done; done; cat /dev/zero >/var/tmp/full.rest 2>/dev/null; true",
    fails: [is.disk],
    remedy: "npm run ssh",
    undo: "rm -f /var/tmp/full.*",
  },
  {
    name: "the clock is an hour ahead",
    how: "date -u -s @$(($(date +%s) + 3600))",
    fails: [is.clock],
    remedy: "npm run ssh",
  },
  {
    name: "another router offers itself",
    how: rogue("router", "3"),
    fails: [is.route, is.routers],
    remedy: /Switch off the router advertisements of the machine with that MAC/,
    undo: switchOff,
  },
  {
    name: "another router has the clients' preference",
    how: rogue("router", "1"),
    fails: [is.routers, is.route, is.fetch],
    skips: untold,
    remedy: /Switch off the router advertisements of the machine with that MAC/,
    undo: switchOff,
  },
  {
    name: "another router announces a prefix",
    how: rogue("router", "3", "2001:db8:bad::"),
    fails: [is.address, is.route, is.routers, is.fetch],
    skips: untold,
    remedy: /Switch off the router advertisements of the machine with that MAC/,
    undo: switchOff,
  },
  {
    name: "a second DHCPv6 server answers",
    how: rogue("dhcpv6", "2001:db8::53"),
    fails: [is.dhcpv6],
    remedy: /Switch off the DHCPv6 server of the machine with that address/,
    undo: switchOff,
  },
  {
    name: "another machine has the gateway's address",
    how: ({ promised }) => rogue("owner", ipv6Of(promised).gatewayAddress),
    fails: [is.duplicate],
    remedy: /Take the address away from the machine with that MAC/,
    undo: switchOff,
  },
  {
    name: "another machine has the client's address",
    how: (lab) => rogue("owner", clientAddress(lab)),
    fails: [is.duplicate],
    remedy: /Take the address away from the machine with that MAC/,
    undo: switchOff,
  },
];

const onTheClient: readonly Omit<Breakage, "on">[] = [
  {
    name: "the client has an IPv4 address",
    how: "ip address add 192.0.2.9/24 dev lan",
    fails: [is.ipv4],
    remedy: "npm run ssh",
  },
  {
    name: "the client has an address more",
    how: ({ promised }) => `ip address add ${ipv6Of(promised).prefix.replace("/64", "bad/64")} dev lan`,
    fails: [is.address],
    remedy: "npm run ssh",
  },
  {
    name: "the client has a default route set by hand",
    how: "ip -6 route add default via fe80::bad dev lan metric 2000",
    fails: [is.route],
    remedy: "npm run ssh",
  },
  {
    name: "the client has two routes in the default one's place",
    how: "for half in ::/1 8000::/1; do ip -6 route add $half via fe80::bad dev lan; done",
    fails: [is.route],
    // The kernel takes the default one once it knows that nobody is there.
    also: [is.fetch, ...untold],
    remedy: "npm run ssh",
  },
  {
    name: "the client's programs ask no DNS",
    how: "cp /etc/nsswitch.conf /run/nsswitch.conf && sed -i 's/^hosts:.*/hosts: files/' /etc/nsswitch.conf",
    fails: [is.programs, is.fetch],
    remedy: /Programs ask whom it names/,
    undo: "cp /run/nsswitch.conf /etc/nsswitch.conf",
  },
  {
    name: "the client's clock is 400 days behind",
    how: "date -u -s @$(($(date +%s) - 34560000))",
    fails: [is.clock],
    remedy: "npm run ssh",
  },
  {
    name: "the client has another MTU",
    how: "sysctl -q net.ipv6.conf.lan.mtu=1400",
    fails: [is.mtu],
    remedy: "npm run ssh",
  },
  {
    name: "the client uses another resolver",
    how: "resolvectl dns lan 2001:db8::53",
    fails: [is.resolver, is.ownView, is.programs, is.fetch],
    remedy: "npm run ssh",
  },
  {
    name: "the client uses another search domain",
    how: "resolvectl domain lan wrong.example",
    fails: [is.search],
    remedy: "npm run ssh",
  },
  {
    // Stopped, it is started again by who asks it.
    name: "the client's own resolver hangs",
    how: "kill -STOP $(systemctl show --property MainPID --value systemd-resolved)",
    fails: [is.ownView, is.programs, is.fetch],
    remedy: "npm run ssh",
  },
];

export const breakages: readonly Breakage[] = [
  ...onTheGateway.map((each) => ({ ...each, on: "gateway" as const })),
  ...onTheClient.map((each) => ({ ...each, on: "client" as const })),
];

/** In a lab without DHCPv6. */
export const breakagesWithoutDhcpv6: readonly Breakage[] = [
  {
    name: "DHCPv6 answers though it is off",
    on: "gateway",
    how: rogue("dhcpv6", "2001:db8::53"),
    fails: [is.dhcpv6],
    remedy: /Switch off the DHCPv6 server of the machine with that address/,
    undo: switchOff,
  },
];
