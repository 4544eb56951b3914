import fc from "fast-check";
import { parseConfig } from "../../plan/config";
import { planOf } from "../fixtures/plan";
import { badBindings } from "./bad-bindings";
import { badChecks } from "./bad-checks";
import { badForms } from "./bad-forms";
import { badNetworks } from "./bad-networks";
import { badVsphere, platformWith } from "./bad-vsphere";
import { inWords, problemsOf } from "./in-words";

describe("bad input", () => {
  it.each([...badNetworks, ...badForms, ...badVsphere, ...badChecks, ...badBindings])(
    "%s gets one problem, with its key, reason and remedy",
    (_, raw, key, why, remedy) => {
      const problems = problemsOf(raw);
      expect(problems.map((problem) => problem.key)).toEqual([key]);
      expect(problems[0]?.why).toMatch(why);
      expect(problems[0]?.remedy).toMatch(remedy);
      expect(inWords(problems, raw)).toMatchSnapshot();
    },
  );

  it("is told all at once: wrong values, unknown keys, and contradictions between what is right by itself", () => {
    const problems = problemsOf({
      lan: { prefix: "fc01::/48", mtu: "big" },
      platfrom: "qemu",
      dhcpv6: { mode: "stateful" },
      routerAdvertisements: { managed: false, minInterval: 9 },
      clients: [{ name: "a" }, { name: "a" }],
    });
    expect(problems.map(({ key }) => key).sort()).toEqual([
      "clients[1].name",
      "lan.mtu",
      "lan.prefix",
      "platfrom",
      "routerAdvertisements.managed",
      "routerAdvertisements.minInterval",
    ]);
  });

  it("is told of each static binding whose address is not known, and not as the same place", () => {
    const web = { client: "client-1", outsidePort: 61_080 };
    const staticBindings = [
      { ...web, port: 80 },
      { ...web, port: 81 },
    ];
    const problems = problemsOf({ uplink: { kind: "bridged", bridge: "br0" }, nat64: { staticBindings } });
    expect(problems.map(({ key }) => key)).toEqual([
      "nat64.staticBindings[0].address",
      "nat64.staticBindings[1].address",
    ]);
  });

  it("is told once for each network that has a key of another platform, though two share its value", () => {
    const networks = ["one", "two"].map((name) => ({ name, scenario: "ipv6-only-nat64", vlan: 7 }));
    expect(problemsOf({ networks }).map(({ key }) => key)).toEqual(["networks[0].vlan", "networks[1].vlan"]);
  });

  it("is not blamed on a section whose counterpart is broken", () => {
    expect(
      problemsOf({ lan: { prefix: "fd00::/48" }, nat64: { prefix: "fc01:0:0:1::/64" } }).map(({ key }) => key),
    ).toEqual(["lan.prefix"]);
  });

  it("shows what was written below a key with a hyphen too", () => {
    const checks = [{ title: "it", command: "true", expect: { "guest-wifi": "fails" } }];
    expect(problemsOf({ checks })).toEqual([
      expect.objectContaining({ key: "checks[0].expect.guest-wifi", value: "fails" }),
    ]);
  });

  it("is printed as key and value, reason and remedy", () => {
    expect(() => parseConfig({ lan: { prefix: "fc01:0:0:1::5/64" } })).toThrow(
      [
        "The configuration has one problem.",
        "",
        "  lan.prefix: fc01:0:0:1::5/64",
        "    has bits set behind the first 64: it is a host in that prefix, not the prefix.",
        "    → Write fc01:0:0:1::/64",
      ].join("\n"),
    );
  });

  it("never repeats a private key that was pasted by mistake", () => {
    const key = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXk\n-----END OPENSSH PRIVATE KEY-----\n";
    expect(problemsOf({ ssh: { authorizedKeys: [key] } })).toEqual([
      expect.objectContaining({ key: "ssh.authorizedKeys[0]", value: "(a private key)" }),
    ]);
    expect(problemsOf({ ssh: { authorisedKeys: key } })[0]?.value).toBe("(a private key)");
  });
});

describe("what deserves a word", () => {
  it.each([
    ["a documentation prefix on the LAN", { lan: { prefix: "2001:db8:1:2::/64" } }, "lan.prefix", /documentation/],
    ["the new documentation prefix", { lan: { prefix: "3fff:1:2:3::/64" } }, "lan.prefix", /documentation/],
    ["the original's prefix in fc00::/8", {}, "lan.prefix", /fc00::\/8/],
    ["unassigned space", { lan: { prefix: "4000::/64" } }, "lan.prefix", /assigned/],
    [
      "a documentation prefix for NAT64",
      { lan: { prefix: "fd00::/64" }, nat64: { prefix: "2001:db8::/96" } },
      "nat64.prefix",
      /documentation/,
    ],
    [
      "a NAT64 prefix in fc00::/8",
      { lan: { prefix: "fd00::/64" }, nat64: { prefix: "fc00:64::/96" } },
      "nat64.prefix",
      /RFC 4193/,
    ],
    ["an MTU above the uplink's", { lan: { prefix: "fd00::/64", mtu: 9000 } }, "lan.mtu", /1500/],
    [
      "an MTU above the uplink's that a network has from the lab",
      { lan: { mtu: 9000 }, networks: [{ name: "one", scenario: "ipv6-only-nat64" }] },
      "networks[0].mtu",
      /1500/,
    ],
    [
      "a unique local LAN with native IPv6",
      { lan: { prefix: "fd00::/64" }, uplink: { kind: "bridged", bridge: "br0", ipv6: "native" } },
      "lan.prefix",
      /not routed/,
    ],
    [
      "an IPv6 forwarder without IPv6",
      { lan: { prefix: "fd00::/64" }, dns: { forwarders: ["2001:db8::53"] } },
      "dns.forwarders[0]",
      /uplink\.ipv6 is none/,
    ],
    [
      "synthesis without DNS64",
      { networks: [{ name: "one", scenario: "dual-stack" }], dns: { synthesizeAll: true } },
      "dns.synthesizeAll",
      /no network has it/,
    ],
    [
      "no synthesis without IPv6",
      { lan: { prefix: "fd00::/64" }, dns: { synthesizeAll: false } },
      "dns.synthesizeAll",
      /nowhere/,
    ],
    [
      "no synthesis without IPv6, beside a simulated internet of which nothing is hidden then",
      { lan: { prefix: "fd00::/64" }, internet: { kind: "both" }, dns: { synthesizeAll: false } },
      "dns.synthesizeAll",
      /nowhere/,
    ],
    ["validation behind SLIRP", { lan: { prefix: "fd00::/64" }, dns: { dnssec: "on" } }, "dns.dnssec", /QEMU/],
    [
      "an exception from nothing",
      { lan: { prefix: "fd00::/64" }, nat64: { allowedIpv4: ["8.8.8.8"] } },
      "nat64.allowedIpv4[0]",
      /nothing/,
    ],
    [
      "an exception around QEMU's user network",
      { lan: { prefix: "fd00::/64" }, nat64: { prefix: "64:ff9b:1::/48", allowedIpv4: ["10.0.0.0/8"] } },
      "nat64.allowedIpv4[0]",
      /stays denied: 10\.0\.2\.0\/24 is QEMU's user network, which leads to this machine/,
    ],
    [
      "an exception around several that stay denied",
      { lan: { prefix: "fd00::/64" }, nat64: { prefix: "64:ff9b:1::/48", allowedIpv4: ["0.0.0.0/0"] } },
      "nat64.allowedIpv4[0]",
      /holds what stays denied: \d+\.\d+\.\d+\.\d+\/\d+ .*\. \d+\.\d+\.\d+\.\d+\/\d+ /,
    ],
    [
      "a pool outside SLIRP's network",
      { lan: { prefix: "fd00::/64" }, nat64: { pool4: [{ prefix: "192.0.2.1" }] } },
      "nat64.pool4[0].prefix",
      /no answer/,
    ],
    [
      "a pool for TCP alone",
      { lan: { prefix: "fd00::/64" }, nat64: { pool4: [{ protocol: "TCP", prefix: "10.0.2.15" }] } },
      "nat64.pool4",
      /no entry for UDP and ICMP/,
    ],
    [
      "a pool for all but pings",
      {
        lan: { prefix: "fd00::/64" },
        nat64: { pool4: ["TCP", "UDP"].map((protocol) => ({ protocol, prefix: "10.0.2.15" })) },
      },
      "nat64.pool4",
      /no entry for ICMP/,
    ],
    [
      "a managed flag without a server",
      { lan: { prefix: "fd00::/64" }, routerAdvertisements: { managed: true } },
      "routerAdvertisements.managed",
      /stateless/,
    ],
    [
      "no default router",
      {
        networks: [{ name: "strict", scenario: "ipv6-only-strict", prefix: "fd00::/64" }],
        routerAdvertisements: { routerLifetime: 0 },
      },
      "networks[0].routerAdvertisements.routerLifetime",
      /default route/,
    ],
    [
      "forwarders of a lab that asks nobody outside",
      { lan: { prefix: "fd00::/64" }, internet: { kind: "simulated" }, dns: { forwarders: ["198.51.100.53"] } },
      "dns.forwarders",
      /nobody outside is asked/,
    ],
    [
      "validation without a root",
      { lan: { prefix: "fd00::/64" }, internet: { kind: "simulated" }, dns: { dnssec: "on" } },
      "dns.dnssec",
      /no root/,
    ],
    [
      "synthesis for every name beside a simulated internet",
      { lan: { prefix: "fd00::/64" }, internet: { kind: "both" } },
      "internet.kind",
      /hidden/,
    ],
    [
      "a host's port group without a VLAN",
      {
        lan: { prefix: "fd00::/64" },
        ...platformWith({ placement: { host: "esx1" }, lanSegment: { hostPortGroup: { switch: "vSwitch0" } } }),
      },
      "platform.lanSegment.hostPortGroup.vlan",
      /whatever else is on the switch/,
    ],
  ])("%s works, with a warning in the plan", (_, raw, key, why) => {
    const { warnings } = planOf(raw);
    expect(warnings.map((warning) => warning.key)).toEqual([key]);
    expect(warnings[0]?.why).toMatch(why);
    expect(inWords(warnings, raw)).toMatchSnapshot();
  });

  it.each<readonly [string, Readonly<Record<string, unknown>>]>([
    [
      "private destinations on vSphere",
      { ...platformWith({}), nat64: { prefix: "64:ff9b:1::/48", allowedIpv4: ["10.0.0.0/8"] } },
    ],
    [
      "QEMU's user network on vSphere",
      { ...platformWith({}), nat64: { prefix: "64:ff9b:1::/48", allowedIpv4: ["10.0.2.2"] } },
    ],
    ["private destinations beside QEMU's", { nat64: { prefix: "64:ff9b:1::/48", allowedIpv4: ["192.168.0.0/16"] } }],
    [
      "this machine's resolvers as QEMU shows them",
      { uplink: { ipv6: "nat66" }, dns: { forwarders: ["10.0.2.2", "fec0::2"] } },
    ],
    ["an image's file without its digest", { image: { kind: "cloud", location: "/https:/debian.qcow2" } }],
    ["a page whose host's name begins like an address", { verify: { url: "http://192.0.2.1.example/" } }],
    [
      "an image that is downloaded, with its digest",
      { image: { kind: "cloud", location: "https://images.example/debian.qcow2", sha256: "a".repeat(64) } },
    ],
    ["a page whose host's name ends with a digit", { verify: { url: "http://mirror.example1/" } }],
    [
      "an interface id in the pool of a server that gives no addresses",
      { clients: [{ name: "a", interfaceId: "::d001" }] },
    ],
    [
      "the one network of a lab on vSphere without a VLAN of its own",
      { ...platformWith({}), lan: {}, networks: [{ name: "a", scenario: "ipv6-only-nat64" }] },
    ],
    ...["labs", "labs/net/ada"].map((folder): readonly [string, Readonly<Record<string, unknown>>] => [
      `machines in the folder ${folder}`,
      platformWith({ folder }),
    ]),
    [
      "the gateway's fixed address in a network of millions",
      platformWith({ gatewayAddress: { address: "10.1.2.3/8", gateway: "10.0.0.1", dns: ["10.0.0.2"] } }),
    ],
    ["clients that DRS keeps apart in a cluster", platformWith({ spreadClients: true })],
    [
      "a check on one of the clients by its name",
      { checks: [{ title: "it", command: "true", expect: "works", on: ["client-1"] }] },
    ],
    [
      "the gateway's address toward a simulated internet as pool",
      { internet: { kind: "simulated" }, nat64: { pool4: [{ prefix: "192.0.2.1" }] } },
    ],
    [
      "interface ids beside the pool of leases",
      {
        dhcpv6: { mode: "stateful" },
        clients: [
          { name: "a", interfaceId: "::cfff" },
          { name: "b", interfaceId: "::e000" },
        ],
      },
    ],
    [
      "synthesis for every name beside a simulated internet, where the uplink has IPv6",
      { uplink: { ipv6: "nat66" }, internet: { kind: "both" }, dns: { synthesizeAll: true } },
    ],
    [
      "AAAA records as they are, which lead into the simulated internet",
      { internet: { kind: "simulated" }, dns: { synthesizeAll: false } },
    ],
    ["the stub on another port", { dns: { forwarders: ["127.0.0.53@5353"] } }],
    [
      "the gateway's address elsewhere",
      { dns: { forwarders: ["10.0.2.15"] }, uplink: { kind: "bridged", bridge: "br0" } },
    ],
    [
      "a pool for TCP at the DHCP client's port",
      { nat64: { pool4: [{ prefix: "10.0.2.15", protocol: "TCP", ports: "68" }, { prefix: "10.0.2.15" }] } },
    ],
    [
      "a pool for UDP at sshd's port",
      { nat64: { pool4: [{ prefix: "10.0.2.15", protocol: "UDP", ports: 22 }, { prefix: "10.0.2.15" }] } },
    ],
    [
      "a pool for ICMP at both",
      { nat64: { pool4: [{ prefix: "10.0.2.15", protocol: "ICMP", ports: "1-32767" }, { prefix: "10.0.2.15" }] } },
    ],
    ["a pool behind the local ports", { nat64: { pool4: [{ prefix: "10.0.2.15", ports: 61_000 }] } }],
    [
      "lifetimes of exactly one interval",
      {
        routerAdvertisements: {
          ...{ maxInterval: 16, routerLifetime: 16, dnsLifetime: 16, pref64Lifetime: 16 },
          prefix: { preferredLifetime: 16, validLifetime: 16 },
        },
      },
    ],
    ["a default route for longer than one interval", { routerAdvertisements: { maxInterval: 16, routerLifetime: 17 } }],
    [
      "leases that are preferred as long as they are valid, from a pool of one beside the gateway's address",
      {
        lan: { prefix: "fd00::/64", gatewayInterfaceId: "::5" },
        dhcpv6: { mode: "stateful", pool: { first: "::4", last: "::4" }, preferredLifetime: 600, validLifetime: 600 },
      },
    ],
    [
      "a pool behind the gateway's address",
      { lan: { prefix: "fd00::/64", gatewayInterfaceId: "::3" }, dhcpv6: { mode: "stateful", pool: { first: "::4" } } },
    ],
    [
      "addresses that DHCPv6 alone gives",
      { dhcpv6: { mode: "stateful" }, routerAdvertisements: { prefix: { autonomous: false } } },
    ],
    ["the uplink's own MTU", { lan: { prefix: "fd00::/64", mtu: 1500 } }],
    [
      "a large MTU where the uplink is not QEMU's",
      { lan: { prefix: "fd00::/64", mtu: 9000 }, uplink: { kind: "bridged", bridge: "br0" } },
    ],
    [
      "a global prefix with native IPv6",
      { lan: { prefix: "2600:1:2:3::/64" }, uplink: { kind: "bridged", bridge: "br0", ipv6: "native" } },
    ],
    ["a unique local LAN with NAT66", { uplink: { ipv6: "nat66" } }],
    ["an IPv6 forwarder on the LAN", { dns: { forwarders: ["fd00::53"] } }],
    [
      "an IPv6 forwarder on one of several networks",
      {
        lan: {},
        networks: [
          { name: "four", scenario: "ipv4-only" },
          { name: "strict", scenario: "ipv6-only-strict" },
          { name: "six", scenario: "ipv6-only-nat64", prefix: "fd00:1::/64" },
        ],
        dns: { forwarders: ["fd00:1::53"] },
      },
    ],
    [
      "a forwarder beside the gateway's fixed address",
      {
        ...platformWith({ gatewayAddress: { address: "192.0.2.10/24", gateway: "192.0.2.1", dns: ["192.0.2.53"] } }),
        dns: { forwarders: ["192.0.2.53"] },
      },
    ],
    [
      "synthesis for every name where only one network has DNS64",
      {
        lan: {},
        networks: [
          { name: "six", scenario: "ipv6-only-nat64" },
          { name: "strict", scenario: "ipv6-only-strict" },
        ],
        dns: { synthesizeAll: true },
      },
    ],
    ["an IPv6 forwarder with IPv6", { uplink: { ipv6: "nat66" }, dns: { forwarders: ["2600::53"] } }],
    ["validation by resolvers of one's own", { dns: { dnssec: "on", forwarders: ["9.9.9.9"] } }],
    [
      "validation where the uplink is not QEMU's",
      { dns: { dnssec: "on" }, uplink: { kind: "bridged", bridge: "br0" } },
    ],
    ["no synthesis with IPv6", { dns: { synthesizeAll: false }, uplink: { ipv6: "nat66" } }],
    [
      "synthesis for every name where IPv6 is simulated",
      { internet: { kind: "simulated" }, dns: { synthesizeAll: true } },
    ],
    ["the gateway's memory that is enough to build Jool", { image: { jool: "first-boot" }, gateway: { memory: 1024 } }],
    [
      "a CLAT toward a simulated internet",
      {
        nat64: { prefix: "64:ff9b:1:fffe::/96" },
        internet: { kind: "simulated" },
        clients: [{ name: "a", clat: true }],
      },
    ],
    ["filtering by address without static bindings", { nat64: { addressDependentFiltering: true } }],
    [
      "a static binding at the gateway's own address toward a simulated internet",
      {
        internet: { kind: "simulated" },
        nat64: { staticBindings: [{ client: "client-1", port: 80, outsidePort: 61_080, address: "192.0.2.1" }] },
      },
    ],
    [
      "a static binding at the first port that Jool takes without a pool",
      {
        internet: { kind: "simulated" },
        nat64: { staticBindings: [{ client: "client-1", port: 80, outsidePort: 61_001 }] },
      },
    ],
    [
      "a static binding for UDP at sshd's port",
      {
        internet: { kind: "simulated" },
        nat64: {
          pool4: [{ prefix: "192.0.2.1", protocol: "UDP", ports: 22 }, { prefix: "192.0.2.1" }],
          staticBindings: [{ protocol: "UDP", client: "client-1", port: 53, outsidePort: 22 }],
        },
      },
    ],
    [
      "an address that is never preferred, beside IPv4",
      {
        lan: {},
        networks: [{ name: "dual", scenario: "dual-stack", prefix: "2001:2:0:1::/64" }],
        routerAdvertisements: { prefix: { preferredLifetime: 0 } },
      },
    ],
    [
      "an address that is never preferred, beside a leased one",
      {
        dhcpv6: { mode: "stateful" },
        routerAdvertisements: { prefix: { autonomous: true, preferredLifetime: 0 } },
      },
    ],
    ["a CLAT behind the well-known prefix", { clients: [{ name: "a", clat: true }] }],
    [
      "a pool between sshd's port and the local ones",
      { nat64: { pool4: [{ prefix: "10.0.2.15", ports: "69-32767" }] } },
    ],
  ])("%s goes without a word", (_, raw) => {
    expect(planOf({ lan: { prefix: "fd00::/64" }, ...raw }).warnings).toEqual([]);
  });

  it("is no pool of leases where DHCPv6 gives no addresses", () => {
    const lease = fc.record({
      pool: fc.record({ first: fc.constantFrom("::1", "::f"), last: fc.constantFrom("::1", "::e", "::ff") }),
      preferredLifetime: fc.constantFrom(60, 9000),
    });
    fc.assert(
      fc.property(lease, fc.constantFrom("off", "stateless"), (leases, mode) => {
        expect(parseConfig({ dhcpv6: { ...leases, mode } }).dhcpv6.mode).toBe(mode);
      }),
    );
  });

  it.each(["2001:2:0:aab1::/64", "fd12:3456:789a:1::/64"])("%s on the LAN goes without one", (prefix) => {
    expect(planOf({ lan: { prefix } }).warnings).toEqual([]);
  });
});

describe("values", () => {
  it("are brought to their canonical form", () => {
    const config = parseConfig({
      lan: { prefix: "FC01:0:0:0001:0::/64", gatewayInterfaceId: "::0001" },
      nat64: { prefix: "0064:FF9B::0.0.0.0/96", pool4: [{ prefix: "10.0.2.15", ports: 61001 }] },
      dns: { forwarders: ["2001:DB8:0::35@5353"] },
    });
    expect(config.lan.prefix).toBe("fc01:0:0:1::/64");
    expect(config.lan.gatewayInterfaceId).toBe("::1");
    expect(config.nat64.prefix).toBe("64:ff9b::/96");
    expect(config.nat64.pool4).toEqual([{ prefix: "10.0.2.15/32", ports: "61001-61001" }]);
    expect(config.dns.forwarders).toEqual(["2001:db8::35@5353"]);
  });

  it("may be a bare platform name or count, which Pulumi hands over as text", () => {
    const config = parseConfig({ platform: "qemu", clients: "3" });
    expect(config.platform).toEqual({ kind: "qemu", accelerator: "auto" });
    expect(config.clients).toBe(3);
  });

  it.each<readonly [string, string, (value: string) => object, readonly string[], readonly string[]]>([
    [
      "a client's name",
      "clients[0].name",
      (name) => ({ clients: [{ name }] }),
      ["a", "1", "a-b", "x".repeat(63)],
      ["", "-a", "a-", "a.b", "a_b", "x".repeat(64)],
    ],
    [
      "a network's name",
      "networks[0].name",
      (name) => ({ networks: [{ name, scenario: "ipv6-only-nat64" }] }),
      ["a", "a-1", "x".repeat(11)],
      ["", "1a", "-a", "a-", "A", "x".repeat(12)],
    ],
    [
      "a search domain",
      "dns.searchDomains[0]",
      (domain) => ({ dns: { searchDomains: [domain] } }),
      ["a", "a-1.b-2.example", `${"x".repeat(63)}.${"y".repeat(63)}`, `${"a.".repeat(126)}b`],
      [
        ...["", ".a", "a..b", "-a.b", "a-.b", "a.-b", "a.b-", "A.b", "a.B"],
        ...[`${"x".repeat(64)}.a`, `a.${"x".repeat(64)}`, `${"a.".repeat(126)}bc`],
      ],
    ],
    [
      "a package's name",
      "image.extraPackages[0]",
      (name) => ({ image: { extraPackages: [name] } }),
      ["g++", "0ad", "python3.13-venv"],
      ["a", "+ab", "Aab", "abA", "ab_c", "ab c"],
    ],
    [
      "a bridge's name",
      "uplink.bridge",
      (bridge) => ({ uplink: { kind: "bridged", bridge } }),
      ["b", "Br-lan.5_0", "x".repeat(15)],
      ["", "br 0", "br/0", "/br0", "x".repeat(16)],
    ],
    [
      "a digest",
      "image.sha256",
      (sha256) => ({ image: { kind: "cloud", location: "a.qcow2", sha256 } }),
      ["0123456789abcdef".repeat(4)],
      ["a".repeat(63), "a".repeat(65), "A".repeat(64), "g".repeat(64)],
    ],
    [
      "a check's title",
      "checks[0].title",
      (title) => ({ checks: [{ title, command: "true", expect: "works" }] }),
      ["a", "a b", "x".repeat(100)],
      ["", " a", "a ", "a\nb", "a\rb", "x".repeat(101)],
    ],
    [
      "a page",
      "verify.url",
      (url) => ({ verify: { url } }),
      ["http://a.example/", "https://a.example"],
      ["a.example", "ftp://a.example/", "xhttp://a.example/", "httpx://a.example/"],
    ],
  ])("such as %s are of the form that whoever reads them takes", (_, key, written, good, bad) => {
    const keysOf = (value: string) => problemsOf({ ...written(value) }).map((problem) => problem.key);
    expect(good.map(keysOf).flat()).toEqual([]);
    expect(bad.filter((value) => !keysOf(value).includes(key))).toEqual([]);
  });

  it.each([[{ minInterval: 3, maxInterval: 10 }], [{ minInterval: 3, maxInterval: 4 }]])(
    "%j are valid intervals",
    (routerAdvertisements) => {
      expect(problemsOf({ routerAdvertisements })).toEqual([]);
    },
  );
});
