import { pathFaults } from "../../plan/path-faults";
import { faultyAnswers, toFaultyResolver } from "../../services/faulty-resolver";
import { faultRules } from "../../services/path-faults";

const resolvers = { ipv6: ["2001:2:0:6400::1", "2001:2:0:4600::1"], ipv4: ["192.168.46.1"] };

describe("the way to the faulty resolver", () => {
  it("is that of every transport to every resolver of the lab, and back", () => {
    const { fromClient, toClient } = toFaultyResolver(resolvers, true);
    expect(fromClient).toEqual([
      "ip6 daddr { 2001:2:0:6400::1, 2001:2:0:4600::1 } udp dport { 53, $resolver_port } counter udp dport set $resolver_port meta mark set 0x53",
      "ip6 daddr { 2001:2:0:6400::1, 2001:2:0:4600::1 } tcp dport { 53, $resolver_port } counter tcp dport set $resolver_port meta mark set 0x53",
      "ip daddr { 192.168.46.1 } udp dport { 53, $resolver_port } counter udp dport set $resolver_port meta mark set 0x53",
      "ip daddr { 192.168.46.1 } tcp dport { 53, $resolver_port } counter tcp dport set $resolver_port meta mark set 0x53",
    ]);
    expect(toClient.slice(0, 2)).toEqual([
      "ip6 saddr { 2001:2:0:6400::1, 2001:2:0:4600::1 } udp sport $resolver_port udp sport set 53",
      "ip6 saddr { 2001:2:0:6400::1, 2001:2:0:4600::1 } tcp sport $resolver_port tcp sport set 53",
    ]);
    expect(toFaultyResolver({ ...resolvers, ipv4: [] }, true).fromClient).toHaveLength(2);
  });

  it("is behind other faults on the way there, before them on the way back, a client's own before everybody's", () => {
    const [own, all] = [true, false].map((ofOneClient) => toFaultyResolver(resolvers, ofOneClient).priorities);
    expect(own?.ingress).toBeGreaterThan(0);
    expect(all?.ingress).toBeGreaterThan(own?.ingress ?? 0);
    expect(own?.egress).toBeLessThan(0);
    const [fault] = pathFaults.filter(({ name }) => name === "dns-nxdomain");
    if (fault === undefined) throw new Error("it is there");
    const rules = faultRules(
      { fault, affected: { name: "client-1", mac: "8a:71:1e:21:42:7e" }, target: undefined },
      { cards: ["lan"], nat64Prefix: "64:ff9b::/96", ipv6: [], ipv4: [], resolvers },
    );
    expect(rules).toMatch(/^table netdev /);
    expect(rules).toContain(`hook ingress devices = { "lan" } priority ${own?.ingress ?? ""}; policy accept;`);
    expect(rules).toContain(`hook egress devices = { "lan" } priority ${own?.egress ?? ""}; policy accept;`);
    expect(rules.match(/ether saddr 8a:71:1e:21:42:7e .* comment "dns-nxdomain client-1 everywhere"/g)).toHaveLength(4);
    expect(rules.match(/ether daddr 8a:71:1e:21:42:7e .* comment "dns-nxdomain client-1 everywhere"/g)).toHaveLength(4);
  });
});

describe("what the faulty resolver answers", () => {
  it("are response codes and a record by the faults' names, to some types or to all", () => {
    expect(faultyAnswers(pathFaults)).toEqual({
      "dns-nxdomain": [3, [], ""],
      "dns-nodata": [0, [], ""],
      "dns-servfail": [2, [], ""],
      "dns-refused": [5, [], ""],
      "dns-no-aaaa": [0, [28], ""],
      "dns-no-a": [0, [1], ""],
      "dns-wrong-aaaa": [0, [28], "20010db8000000000000000000000bad"],
      "dns-wrong-a": [0, [1], "c6336442"],
      "dns-mapped-aaaa": [0, [28], "00000000000000000000ffffc0000228"],
      "dns-private-a": [0, [1], "0a424242"],
    });
  });
});
