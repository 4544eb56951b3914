import { faults } from "../../plan/internet/faults";
import { pathFaults, slowProfiles } from "../../plan/path-faults";
import { concerns, delayBands, faultRules, faultTable, needsBands, noteOf } from "../../services/path-faults";

const lab = {
  cards: ["lan-a", "lan-b"],
  nat64Prefix: "2001:2:0:64::/96",
  ipv6: ["2001:2:0:6400::/64"],
  ipv4: ["192.168.46.0/24"],
  resolvers: { ipv6: ["2001:2:0:6400::1"], ipv4: ["192.168.46.1"] },
};
const client = { name: "client-1", mac: "8a:71:1e:21:42:7e" };

function fault(name: string) {
  const found = pathFaults.find((each) => each.name === name);
  if (found === undefined) throw new Error(`no fault ${name}`);
  return found;
}

/** The rules of a fault, without what all have. */
function rules(name: string): string[] {
  return faultRules({ fault: fault(name), affected: client, target: undefined }, lab)
    .split("\n")
    .filter((line) => line.includes("comment"))
    .map((line) => line.trim().replace(` comment "${name} client-1 everywhere"`, ""));
}

describe("faults of a client's way", () => {
  it("have names of their own, one word each, and titles that tell them apart", () => {
    const names = pathFaults.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(new Set(pathFaults.map(({ title }) => title)).size).toBe(names.length);
    for (const { name, title } of pathFaults)
      expect([name, title]).toEqual([expect.stringMatching(/^[a-z0-9]+(-[a-z0-9]+)*$/), expect.stringMatching(/\S/)]);
  });

  it("are called as the simulated internet calls the same ones", () => {
    const alike = pathFaults.map(({ name }) => name).filter((name) => faults.some((each) => each.name === name));
    expect(alike).toEqual(expect.arrayContaining(["v6-mtu-silent", "v4-https-blackhole", "v6-delay-300"]));
    for (const name of alike) {
      const { title } = faults.find((each) => each.name === name) ?? { title: "" };
      if (!name.includes("delay")) expect(fault(name).title).toBe(title);
    }
  });

  it("of one family concern that family's destinations, of IPv4 also what is translated", () => {
    const outside6 = "{ ::/128, fe80::/10, ff00::/8, 2001:2:0:6400::/64, 2001:2:0:64::/96, 64:ff9b::/96 }";
    const outside4 = "{ 0.0.0.0/8, 224.0.0.0/4, 255.255.255.255, 192.168.46.0/24 }";
    expect(rules("v6-blackhole")).toEqual([`ether saddr ${client.mac} ip6 daddr != ${outside6} counter drop`]);
    expect(rules("v4-blackhole")).toEqual([
      `ether saddr ${client.mac} ip daddr != ${outside4} counter drop`,
      `ether saddr ${client.mac} ip6 daddr { 2001:2:0:64::/96, 64:ff9b::/96 } counter drop`,
    ]);
  });

  it("do to a packet what their title says", () => {
    const ends = (name: string): string[] =>
      rules(name).map((rule) => rule.replace(/^.*}/, "}").replace(/^.*?addr \{.*?\} /, ""));
    expect(ends("v6-https-blackhole")[0]).toContain("th dport 443 counter drop");
    expect(rules("v6-unreachable")[0]).toMatch(/counter reject with icmpv6 no-route$/);
    expect(rules("v4-unreachable")[0]).toMatch(/counter reject with icmp net-unreachable$/);
    expect(rules("v4-refused")[1]).toMatch(/meta l4proto tcp counter reject with tcp reset$/);
    expect(rules("v6-tls-reset")).toEqual([
      expect.stringMatching(
        /^iifname .* ether saddr .* ip6 daddr .* meta l4proto tcp @ih,0,16 0x1603 @ih,40,8 0x01 counter reject with tcp reset$/,
      ),
    ]);
    expect(rules("v4-tls-reset")).toHaveLength(2);
    expect(rules("v6-mtu-silent")).toEqual([
      expect.stringMatching(/^ether saddr .* ip6 daddr .* ip6 length > 1240 counter drop$/),
      expect.stringMatching(/^ether daddr .* ip6 saddr .* ip6 length > 1240 counter drop$/),
    ]);
    expect(rules("v4-mtu-silent")[0]).toMatch(/ip length > 1280 counter drop$/);
    expect(rules("v6-no-fragments")[1]).toMatch(/exthdr frag exists counter drop$/);
    expect(rules("v4-loss")[0]).toMatch(/numgen random mod 100 < 20 counter drop$/);
    expect(rules("dns-tcp-only")).toEqual([`ether saddr ${client.mac} meta l4proto udp th dport 53 counter drop`]);
    expect(rules("mobile")).toHaveLength(3);
  });

  it("to one host concern its addresses alone, and where it has none there is nothing to concern", () => {
    const target = { name: "dualstack.test", ipv6: ["3fff:10:0:32::42"], ipv4: ["192.0.2.42"] };
    const to = (name: string, where = target): string[] =>
      faultRules({ fault: fault(name), affected: client, target: where }, lab)
        .split("\n")
        .flatMap((line) => / (ip6? [sd]addr .*) comment "\S+ client-1 dualstack.test"$/.exec(line)?.[1] ?? []);
    expect(to("v6-blackhole")).toEqual(["ip6 daddr { 3fff:10:0:32::42 } counter drop"]);
    expect(to("v4-blackhole")).toEqual([
      "ip daddr { 192.0.2.42 } counter drop",
      "ip6 daddr { 2001:2:0:64::c000:22a/128 } counter drop",
    ]);
    expect(to("v4-blackhole", { ...target, ipv4: [] })).toEqual([]);
    expect(concerns(fault("v4-blackhole"), { ...target, ipv4: [] })).toBe(false);
    expect(concerns(fault("mobile"), { ...target, ipv4: [] })).toBe(true);
  });

  it("name no card of anybody where they are for everybody", () => {
    for (const each of pathFaults)
      expect(faultRules({ fault: each, affected: undefined, target: undefined }, lab)).not.toContain("ether");
  });

  it("have a table each for every client, so that each comes and goes alone", () => {
    const tables = pathFaults.flatMap((each) => [
      faultTable({ fault: each, affected: undefined, target: undefined }),
      faultTable({ fault: each, affected: client, target: undefined }),
      faultTable({ fault: each, affected: { ...client, name: "client-2" }, target: undefined }),
      faultTable({ fault: each, affected: client, target: { name: "dualstack.test", ipv6: [], ipv4: [] } }),
    ]);
    expect(new Set(tables).size).toBe(4 * pathFaults.length);
    expect(noteOf({ fault: fault("mobile"), affected: undefined, target: undefined })).toBe("mobile all everywhere");
  });

  it("that are slow choose a band that is there, each profile its own", () => {
    const bands = delayBands(["lan"]).split("\n");
    expect(bands[0]).toContain(`prio bands ${slowProfiles.length + 1} `);
    const slow = pathFaults.filter(needsBands);
    expect(slow.map(({ name }) => name)).toEqual([
      "v6-delay-50",
      "v4-delay-50",
      "v6-delay-100",
      "v4-delay-100",
      "v6-delay-150",
      "v4-delay-150",
      "v6-delay-200",
      "v4-delay-200",
      "v6-delay-250",
      "v4-delay-250",
      "v6-delay-300",
      "v4-delay-300",
      "v6-delay-400",
      "v4-delay-400",
      "v6-delay-500",
      "v4-delay-500",
      "v6-delay-1000",
      "v4-delay-1000",
      "v6-delay-2000",
      "v4-delay-2000",
      "mobile",
      "satellite",
      "bad-wifi",
      "slow-dns",
    ]);
    for (const each of slow) {
      const [, band = ""] =
        /meta priority set (\S+)/.exec(faultRules({ fault: each, affected: client, target: undefined }, lab)) ?? [];
      const effect = each.effect.kind === "slow" || each.effect.kind === "slow-dns" ? each.effect.profile : "";
      const { netem } = slowProfiles.find(({ name }) => name === effect) ?? { netem: "?" };
      expect(bands).toContain(`qdisc replace dev lan parent ${band} netem limit 10000 ${netem}`);
    }
    expect(slowProfiles.every(({ netem }) => netem !== "")).toBe(true);
  });

  it.each(pathFaults)("$name is switched on by the rules that it always was", (each) => {
    expect(faultRules({ fault: each, affected: client, target: undefined }, lab)).toMatchSnapshot();
  });

  it("that are slow have the bands that they always had", () => {
    expect(delayBands(lab.cards)).toMatchSnapshot();
  });
});
