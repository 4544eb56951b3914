import { nftables as service } from "../../services/nftables";
import { allScenarios, planOf } from "../fixtures/plan";
import { contentOf } from "./files";

/** The lines of each `set` and `chain` of the table. */
function rules(raw: Readonly<Record<string, unknown>>): Map<string, string[]> {
  const sections = new Map<string, string[]>();
  let current: string[] = [];
  for (const line of contentOf(service.files(planOf(raw)), "/etc/nftables.conf").split("\n")) {
    const [, name] = /^\t(?:set|chain) (\S+) \{$/.exec(line) ?? [];
    if (name !== undefined) {
      current = [];
      sections.set(name, current);
    } else if (line.startsWith("\t\t")) {
      current.push(line.trim());
    }
  }
  return sections;
}

function chain(raw: Readonly<Record<string, unknown>>, name: string): string {
  return (rules(raw).get(name) ?? []).join("\n");
}

const bridged = (ipv6: string) => ({ uplink: { kind: "bridged", bridge: "br0", ipv6 } });

describe("the firewall", () => {
  it("replaces whatever was there, in one transaction", () => {
    const text = contentOf(service.files(planOf()), "/etc/nftables.conf");
    expect(text).toMatch(/^#!\/usr\/sbin\/nft -f\n#.*\nflush ruleset\n\ntable inet ipv6_only_lab \{\n/);
  });

  it("decides before Jool's hook at priority -75 and before conntrack at -200", () => {
    expect(chain({}, "prerouting")).toContain("hook prerouting priority raw;");
  });

  it("drops packets to the translator that come from anywhere but the LAN", () => {
    expect(chain({}, "prerouting")).toContain('iifname != { "lan", "lo" } ip6 daddr 64:ff9b::/96 counter drop');
  });

  it("denies each denied IPv4 destination inside the NAT64 prefix", () => {
    const set = chain({ nat64: { deniedIpv4: ["203.0.113.0/24"] } }, "denied_destinations");
    expect(set).toContain("64:ff9b::a00:0/104"); // 10.0.0.0/8
    expect(set).toContain("64:ff9b::7f00:0/104"); // 127.0.0.0/8
    expect(set).toContain("64:ff9b::cb00:7100/120"); // 203.0.113.0/24
  });

  it("refuses addresses with bits 64 to 71 set where the prefix leaves them free", () => {
    expect(chain({ nat64: { prefix: "2001:db8::/48" } }, "from_lan")).toContain("ip6 daddr & 0:0:0:0:ff00:: != ::");
    expect(chain({}, "from_lan")).not.toContain("ff00:: != ::");
  });

  it("drops IPv4 and foreign sources on the LAN", () => {
    expect(chain({}, "from_lan")).toContain("meta nfproto ipv4 counter drop");
    expect(chain({}, "from_lan")).toContain("ip6 saddr != { ::/128, fe80::/10, fc01:0:0:1::/64 } counter drop");
  });

  it("offers DNS and DHCPv6 to the LAN only, and everything else to nobody", () => {
    const input = rules({}).get("input") ?? [];
    expect(input[0]).toBe("type filter hook input priority filter; policy drop;");
    const dns = input.filter((rule) => /dport .*\b53\b/.test(rule));
    expect(dns).toEqual(['iifname "lan" udp dport { 53, 547 } accept', 'iifname "lan" tcp dport 53 accept']);
  });

  it("lets in what a fault that is switched on has marked, from the LAN alone", () => {
    const marked = (rules({}).get("input") ?? []).filter((rule) => rule.includes("mark"));
    expect(marked).toEqual(['iifname "lan" meta mark 0x53 accept comment "to a faulty resolver"']);
  });

  it("lets SSH in on the uplink, or on the management card where there is one", () => {
    expect(chain({}, "input")).toContain('iifname "uplink" tcp dport 22 accept');
    expect(chain(bridged("none"), "input")).toContain('iifname "mgmt" tcp dport 22 accept');
    expect(chain(bridged("none"), "input")).not.toContain('iifname "uplink" tcp dport 22');
  });

  it("never forwards what the translator did not take", () => {
    for (const raw of [{}, bridged("nat66"), bridged("native")]) {
      const forward = rules(raw).get("forward") ?? [];
      const drop = forward.indexOf('ip6 daddr 64:ff9b::/96 counter drop comment "not taken by the translator"');
      expect(drop).toBeGreaterThan(0);
      expect(forward.slice(0, drop).join("\n")).not.toContain("accept");
    }
  });

  it("keeps the host behind a user-mode uplink out of reach before anything is let through", () => {
    const forward = rules({ uplink: { ipv6: "nat66" } }).get("forward") ?? [];
    expect(forward[1]).toMatch(/^ip6 daddr \{ .*fec0::\/64.* \} counter drop comment "leads to the host"$/);
    expect(chain(bridged("nat66"), "forward")).not.toContain("leads to the host");
  });

  it("forwards plain IPv6 only with an IPv6 uplink, outwards and back", () => {
    expect(chain({}, "forward")).not.toContain("accept");
    for (const ipv6 of ["native", "nat66"]) {
      expect((rules(bridged(ipv6)).get("forward") ?? []).filter((rule) => / accept\b/.test(rule))).toEqual([
        "ct state established,related accept",
        'iifname "lan" oifname "uplink" ip6 saddr fc01:0:0:1::/64 counter accept comment "IPv6 of lan to the real internet"',
      ]);
    }
  });

  it("masquerades with NAT66 only", () => {
    expect(chain(bridged("nat66"), "postrouting")).toContain("masquerade");
    expect(rules(bridged("native")).has("postrouting")).toBe(false);
    expect(rules({}).has("postrouting")).toBe(false);
  });

  it("listens to router advertisements on the uplink only when it has IPv6", () => {
    expect(chain({}, "input")).not.toContain("nd-router-advert");
    expect(chain(bridged("native"), "input")).toContain('iifname "uplink" icmpv6 type nd-router-advert accept');
  });
});

describe("the firewall of a lab with every scenario", () => {
  const from = (name: string): string => chain(allScenarios, `from_${name}`);
  const forward = rules(allScenarios).get("forward") ?? [];

  it("looks at what comes from each network by that network's own rules", () => {
    const jumps = (rules(allScenarios).get("prerouting") ?? []).filter((rule) => rule.includes(" jump "));
    expect(jumps.sort()).toEqual(
      ["dual", "mostly", "nat64", "pref64", "strict", "v4"].map((name) => `iifname "lan-${name}" jump from_${name}`),
    );
  });

  it("takes IPv4 where the network has it, from its own addresses, and nowhere else", () => {
    for (const name of ["dual", "mostly", "v4"]) {
      expect(from(name)).toMatch(
        /^ip saddr != \{ 0\.0\.0\.0, 192\.168\.\d+\.0\/24 \} counter drop comment "spoofed IPv4 source"$/m,
      );
    }
    for (const name of ["nat64", "pref64", "strict"]) expect(from(name)).toContain("meta nfproto ipv4 counter drop");
  });

  it("keeps NAT44's connections in sight where there is NAT64 too: what is not tracked is the translator's alone", () => {
    const rulesOfMostly = from("mostly").split("\n");
    const ends = rulesOfMostly.indexOf("meta nfproto != ipv6 return");
    expect(ends).toBeGreaterThan(0);
    expect(ends).toBeLessThan(rulesOfMostly.indexOf("notrack"));
  });

  it("takes no IPv6 but the link's own where the network has none", () => {
    expect(from("v4")).toContain('ip6 saddr != { ::/128, fe80::/10 } counter drop comment "IPv6 on the LAN"');
  });

  it("lets the translator have what comes from networks with NAT64, and refuses both NAT64 prefixes on the others", () => {
    for (const name of ["nat64", "pref64", "mostly"]) expect(from(name)).toMatch(/@denied_destinations[^]*notrack$/);
    for (const name of ["strict", "dual", "v4"]) {
      expect(from(name)).toContain("ip6 daddr { 2001:2:0:64::/96, 64:ff9b::/96 } counter reject with icmpv6");
      expect(from(name)).not.toContain("notrack");
    }
  });

  it("lets the networks speak to each other, and IPv4 go out behind the uplink's own address", () => {
    const cards = ["dual", "mostly", "nat64", "pref64", "strict", "v4"].map((name) => `"lan-${name}"`).join(", ");
    expect(forward).toContain(`iifname { ${cards} } oifname { ${cards} } counter accept`);
    expect(forward).toContain(
      'iifname "lan-v4" oifname "uplink" ip saddr 192.168.4.0/24 counter accept comment "IPv4 of lan-v4 to the real internet"',
    );
    expect(forward.some((rule) => rule.includes('"lan-nat64" oifname "uplink"'))).toBe(false);
  });

  it("keeps IPv4 away from what leads to the host, before anything is let through", () => {
    const drop = forward.indexOf('ip daddr { 10.0.2.0/24 } counter drop comment "leads to the host"');
    expect(drop).toBeGreaterThan(0);
    expect(forward.slice(0, drop).join("\n")).not.toContain("accept");
  });

  it("takes ports for NAT44 below those that are the translator's", () => {
    const nat44 = (rules(allScenarios).get("postrouting") ?? []).filter((rule) => rule.includes("masquerade"));
    expect(nat44[0]).toMatch(/l4proto \{ tcp, udp, icmp \} counter masquerade to :1024-60999$/);
    expect(nat44.every((rule) => rule.includes("ip saddr { 192.168.46.0/24, 192.168.64.0/24, 192.168.4.0/24 }"))).toBe(
      true,
    );
  });

  it("offers DHCPv4 on the networks that have IPv4 alone", () => {
    expect(chain(allScenarios, "input")).toContain(
      'iifname { "lan-dual", "lan-mostly", "lan-v4" } udp dport 67 accept',
    );
    expect(chain({}, "input")).not.toContain("dport 67 ");
  });
});
