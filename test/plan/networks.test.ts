import fc from "fast-check";
import { parseConfig } from "../../plan/config";
import {
  containsAddress,
  lastAddress,
  overlap,
  parseIpv4,
  parseIpv4Prefix,
  parseIpv6,
  parseIpv6Prefix,
} from "../../plan/prefix";
import { scenarios, traits } from "../../plan/scenario";
import { allScenarios, homeOf, planOf } from "../fixtures/plan";
import { inWords, problemsOf } from "./in-words";

type Raw = Readonly<Record<string, unknown>>;

const keysOf = (raw: Raw): string[] => problemsOf(raw).map(({ key }) => key);

const byName = (raw: Raw) => new Map(planOf(raw).networks.map((network) => [network.name, network]));

describe("a network", () => {
  const networks = byName(allScenarios);

  it.each(scenarios)("of the scenario %s has the families that it says, and only those", (scenario) => {
    const [network] = planOf({ networks: [{ name: "one", scenario }] }).networks;
    const { ipv4, ipv6, nat64 } = traits[scenario];
    expect([network?.ipv4 !== undefined, network?.ipv6 !== undefined]).toEqual([ipv4, ipv6]);
    expect(network?.translated).toBe(nat64);
  });

  it("announces PREF64 exactly where something translates", () => {
    for (const { ipv6, translated } of networks.values()) {
      expect(ipv6 === undefined || (ipv6.routerAdvertisements.pref64 !== undefined) === translated).toBe(true);
    }
  });

  it("is not where anybody reaches the gateway through its translator, whatever is allowed", () => {
    const denied = planOf(allScenarios).nat64.deniedIpv4.map(parseIpv4Prefix);
    const isDenied = (address: string) => denied.some((prefix) => containsAddress(prefix, parseIpv4(address)));
    const own = [...networks.values()].flatMap(({ ipv4 }) => ipv4?.gatewayAddress ?? []);
    expect(own).toEqual(["192.168.46.1", "192.168.64.1", "192.168.4.1"]);
    expect(own.map(isDenied)).toEqual([true, true, true]);
    expect(isDenied("192.168.46.2")).toBe(false);
  });

  it("has DNS64 with NAT64 alone, unless it is told not to; IPv6-mostly goes by PREF64", () => {
    const resolvers = [...networks].map(([name, { resolver }]) => `${name} ${resolver}`);
    expect(resolvers.sort()).toEqual([
      "dual plain",
      "mostly plain",
      "nat64 dns64",
      "pref64 plain",
      "strict plain",
      "v4 plain",
    ]);
  });

  it("offers to do without IPv4 in IPv6-mostly alone (RFC 8925)", () => {
    const offering = [...networks.values()].filter(({ ipv4 }) => ipv4?.v6OnlyWait !== undefined);
    expect(offering.map(({ name }) => name)).toEqual(["mostly"]);
  });

  it("has a card of its own on the gateway, whose name the kernel takes", () => {
    const cards = [...networks.values()].map(({ card }) => card);
    expect(new Set(cards).size).toBe(cards.length);
    expect(cards.every((card) => card.length <= 15)).toBe(true);
  });

  it("inherits what it leaves out, key by key, and overrides what it says", () => {
    const [first, second] = planOf({
      lan: { mtu: 1400, gatewayInterfaceId: "::fe" },
      dns: { searchDomains: ["lab.example"] },
      routerAdvertisements: { maxInterval: 60, prefix: { preferredLifetime: 700 } },
      dhcpv6: { mode: "stateful" },
      networks: [
        { name: "a", scenario: "ipv6-only-nat64" },
        {
          name: "b",
          scenario: "ipv6-only-nat64",
          mtu: 1300,
          searchDomains: [],
          routerAdvertisements: { prefix: { validLifetime: 800 } },
          dhcpv6: { mode: "off" },
        },
      ],
    }).networks;
    expect(first).toMatchObject({ mtu: 1400, searchDomains: ["lab.example"] });
    expect(first?.ipv6).toMatchObject({
      dhcpv6: { mode: "stateful" },
      routerAdvertisements: { maxInterval: 60, prefix: { preferredLifetime: 700, validLifetime: 86_400 } },
    });
    expect(first?.ipv6?.gatewayAddress).toMatch(/:fe$/);
    expect(second).toMatchObject({ mtu: 1300, searchDomains: [] });
    expect(second?.ipv6).toMatchObject({
      dhcpv6: { mode: "off" },
      routerAdvertisements: { maxInterval: 60, prefix: { preferredLifetime: 700, validLifetime: 800 } },
    });
  });

  it("that says nothing of its prefixes has the same ones in every lab, which look global", () => {
    const [network] = planOf({ networks: [{ name: "office", scenario: "dual-stack" }] }).networks;
    expect(containsAddress(parseIpv6Prefix("2001:2::/48"), parseIpv6(network?.ipv6?.gatewayAddress ?? ""))).toBe(true);
    expect(containsAddress(parseIpv4Prefix("192.168.0.0/16"), parseIpv4(network?.ipv4?.gatewayAddress ?? ""))).toBe(
      true,
    );
  });

  it("does not touch the others when it comes or goes, or when they are written in another order", () => {
    const { networks: all, ...rest } = allScenarios;
    const before = byName(allScenarios);
    const after = byName({
      ...rest,
      networks: [...all].reverse().slice(0, 4),
      clients: [{ name: "client-1", network: "v4" }],
    });
    for (const [name, network] of after) expect(network).toEqual(before.get(name));
  });
});

describe("a client of a lab with several networks", () => {
  it("lives on the first one, or where it is told, and has its addresses on all of them decided", () => {
    const plan = planOf({ ...allScenarios, clients: [{ name: "a" }, { name: "b", network: "v4" }] });
    expect(plan.clients.map(({ network }) => network)).toEqual(["nat64", "v4"]);
    for (const client of plan.clients) {
      for (const { name, ipv6, ipv4 } of plan.networks) {
        const addresses = client.addresses[name];
        expect([addresses?.ipv6 === undefined, addresses?.ipv4 === undefined]).toEqual([
          ipv6 === undefined,
          ipv4 === undefined,
        ]);
      }
    }
    expect(plan.clients.map(homeOf)[0]).toMatch(/^2001:2:0:6400:/);
  });

  it("has an IPv4 address of its own that DHCPv4 reserves, outside the strangers' pool", () => {
    fc.assert(
      fc.property(fc.integer({ min: 16, max: 26 }), fc.integer({ min: 1, max: 28 }), (length, clients) => {
        const plan = planOf({
          networks: [{ name: "v4", scenario: "ipv4-only", ipv4: `10.64.0.0/${length}` }],
          clients,
        });
        const ipv4 = plan.networks[0]?.ipv4;
        if (ipv4 === undefined) throw new Error("no IPv4");
        const prefix = parseIpv4Prefix(ipv4.prefix);
        const [first, last] = [parseIpv4(ipv4.pool.first), parseIpv4(ipv4.pool.last)];
        const addresses = plan.clients.map((client) => client.addresses.v4?.ipv4 ?? "");
        expect(new Set([...addresses, ipv4.gatewayAddress]).size).toBe(clients + 1);
        const reservations = plan.clients.map(({ lanMac, name, addresses: { v4 } }) => ({
          mac: lanMac,
          address: v4?.ipv4,
          hostname: name,
        }));
        expect(ipv4.reservations).toEqual(reservations.sort((one, other) => (one.mac < other.mac ? -1 : 1)));
        for (const address of addresses.map(parseIpv4)) {
          expect(address < first && containsAddress(prefix, address)).toBe(true);
        }
        expect(first < last).toBe(true);
        // Behind it is the broadcast address.
        expect(last).toBe(lastAddress(prefix) - 1n);
      }),
      { numRuns: 60 },
    );
  });

  it("has the address behind the other's where two names have the same hash", () => {
    const networks = [{ name: "v4", scenario: "ipv4-only", ipv4: "10.64.0.0/26" }];
    const { clients } = planOf({ networks, clients: [{ name: "i" }, { name: "b" }] });
    expect(clients.map(({ addresses }) => addresses.v4?.ipv4)).toEqual(["10.64.0.8", "10.64.0.9"]);
  });

  it("makes way for a shorter name of the same hash, in whatever order they are written", () => {
    const networks = [{ name: "v4", scenario: "ipv4-only", ipv4: "10.64.0.0/26" }];
    const clients = Array.from({ length: 28 }, (_, index) => ({ name: `client-${index + 1}` }));
    const first = planOf({ networks, clients: clients.slice(0, 9) }).clients;
    const all = planOf({ networks, clients: [...clients].reverse() }).clients;
    expect(all).toEqual(planOf({ networks, clients }).clients);
    expect(all.slice(0, 9)).toEqual(first);
  });

  it("that finds no room is told of, with the key and how much room there is", () => {
    const raw = { networks: [{ name: "v4", scenario: "ipv4-only", ipv4: "10.64.0.0/26" }], clients: 29 };
    expect(problemsOf(raw)).toEqual([
      {
        key: "networks[0].ipv4",
        value: "10.64.0.0/26",
        why: "has room for 28 clients, and there are 29.",
        remedy: "Write a larger network, e.g. a /20",
      },
    ]);
  });
});

describe("a lab of networks that cannot be is refused, with the key:", () => {
  const one = { name: "one", scenario: "dual-stack", prefix: "2001:2:0:1::/64", ipv4: "192.168.1.0/24" };
  const two = { name: "two", scenario: "dual-stack", prefix: "2001:2:0:2::/64", ipv4: "192.168.2.0/24" };

  it.each<[string, Raw, string]>([
    ["two of one name", { networks: [one, { ...two, name: "one" }] }, "networks[1].name"],
    ["overlapping prefixes", { networks: [one, { ...two, prefix: one.prefix }] }, "networks[1].prefix"],
    ["overlapping IPv4 networks", { networks: [one, { ...two, ipv4: "192.168.0.0/16" }] }, "networks[1].ipv4"],
    ["an unknown scenario", { networks: [{ ...one, scenario: "ipv5" }] }, "networks[0].scenario"],
    ["a name too long for a card", { networks: [{ ...one, name: "a-very-long-name" }] }, "networks[0].name"],
    ["a prefix where there is no IPv6", { networks: [{ ...one, scenario: "ipv4-only" }] }, "networks[0].prefix"],
    [
      "an IPv4 network where there is no IPv4",
      { networks: [{ ...one, scenario: "ipv6-only-strict" }] },
      "networks[0].ipv4",
    ],
    ["DNS64 without NAT64", { networks: [{ ...one, dns64: true }] }, "networks[0].dns64"],
    ["IPv4 that leads to the host", { networks: [{ ...one, ipv4: "10.0.2.0/24" }] }, "networks[0].ipv4"],
    ["a prefix inside NAT64's", { networks: [one], nat64: { prefix: "2001:2::/32" } }, "nat64.prefix"],
    [
      "a client on a network that is not there",
      { networks: [one], clients: [{ name: "a", network: "on" }] },
      "clients[0].network",
    ],
    [
      "a client on a network whose name nothing resembles",
      { networks: [one, two], clients: [{ name: "a", network: "office" }] },
      "clients[0].network",
    ],
    ["a port group on this machine", { networks: [{ ...one, portGroup: "x" }] }, "networks[0].portGroup"],
    [
      "a lifetime that is too short there",
      { networks: [{ ...one, routerAdvertisements: { dnsLifetime: 5 } }] },
      "networks[0].routerAdvertisements.dnsLifetime",
    ],
    [
      "a pool that holds the gateway",
      { networks: [{ ...one, dhcpv6: { mode: "stateful", pool: { first: "::1" } } }] },
      "networks[0].dhcpv6.pool",
    ],
    ["a VLAN on this machine", { networks: [{ ...one, vlan: 5 }] }, "networks[0].vlan"],
    ["none at all", { networks: [] }, "networks"],
  ])("%s", (_what, raw, key) => {
    expect(keysOf(raw)).toContain(key);
    expect(inWords(problemsOf(raw), raw)).toMatchSnapshot();
  });

  it("and a unique local prefix beside IPv4 is warned of: hosts would prefer IPv4 (RFC 6724)", () => {
    const raw = { networks: [{ ...one, prefix: "fd12:0:0:1::/64" }] };
    const { warnings } = planOf(raw);
    expect(warnings.map(({ key }) => key)).toEqual(["networks[0].prefix"]);
    expect(inWords(warnings, raw)).toMatchSnapshot();
  });

  it("but no two of any names meet by the prefixes that are made from them without a word", () => {
    const name = fc.stringMatching(/^[a-z][a-z0-9]{0,10}$/);
    fc.assert(
      fc.property(fc.uniqueArray(name, { minLength: 2, maxLength: 8 }), (names) => {
        const raw = { networks: names.map((each) => ({ name: each, scenario: "dual-stack" })) };
        const problems = keysOf(raw);
        if (problems.length > 0) {
          expect(problems.every((key) => /\.(prefix|ipv4)$/.test(key))).toBe(true);
          return;
        }
        const prefixes = planOf(raw).networks.map(({ ipv6 }) => parseIpv6Prefix(ipv6?.prefix ?? ""));
        expect(prefixes.some((each, index) => prefixes.slice(index + 1).some((next) => overlap(each, next)))).toBe(
          false,
        );
      }),
      { numRuns: 40 },
    );
  });
});

describe("a key that nothing goes by", () => {
  const named = (scenario: string, more: object = {}) => ({ networks: [{ name: "one", scenario, ...more }] });
  const pool = { first: "::a", last: "::f" };

  it.each<[string, Raw, string]>([
    [
      "advertisements without IPv6",
      named("ipv4-only", { routerAdvertisements: { maxInterval: 60 } }),
      "networks[0].routerAdvertisements",
    ],
    [
      "PREF64 in advertisements without IPv6, of which the whole is told",
      named("ipv4-only", { routerAdvertisements: { pref64: true } }),
      "networks[0].routerAdvertisements",
    ],
    ["DHCPv6 without IPv6", named("ipv4-only", { dhcpv6: { mode: "off" } }), "networks[0].dhcpv6"],
    [
      "a part of an IPv6 address without IPv6",
      named("ipv4-only", { gatewayInterfaceId: "::2" }),
      "networks[0].gatewayInterfaceId",
    ],
    [
      "PREF64 in strict",
      named("ipv6-only-strict", { routerAdvertisements: { pref64: true } }),
      "networks[0].routerAdvertisements.pref64",
    ],
    [
      "PREF64 in dual-stack",
      named("dual-stack", { routerAdvertisements: { pref64: true } }),
      "networks[0].routerAdvertisements.pref64",
    ],
  ])("is refused where it contradicts its network: %s", (_what, raw, key) => {
    expect(keysOf(raw)).toEqual([key]);
    expect(inWords(problemsOf(raw), raw)).toMatchSnapshot();
  });

  it.each<[string, Raw, string, string]>([
    ["a pool of no leases", { dhcpv6: { pool } }, "dhcpv6.pool", '{"first":"::a","last":"::f"}'],
    [
      "a network's pool of no leases",
      { ...named("dual-stack", { dhcpv6: { mode: "off", pool } }), dhcpv6: { mode: "stateful" } },
      "networks[0].dhcpv6.pool",
      '{"first":"::a","last":"::f"}',
    ],
    [
      "a pool where no network gives leases",
      { ...named("dual-stack"), dhcpv6: { pool: { first: "::a" } } },
      "dhcpv6.pool",
      '{"first":"::a"}',
    ],
    ["the lifetime of no leases", { dhcpv6: { mode: "off", validLifetime: 9000 } }, "dhcpv6.validLifetime", "9000"],
    [
      "the lifetime of no PREF64",
      { routerAdvertisements: { pref64: false, pref64Lifetime: 64 } },
      "routerAdvertisements.pref64Lifetime",
      "64",
    ],
    [
      "the lifetime of no PREF64 in strict",
      named("ipv6-only-strict", { routerAdvertisements: { pref64Lifetime: 64 } }),
      "networks[0].routerAdvertisements.pref64Lifetime",
      "64",
    ],
    [
      "PREF64 where nothing translates",
      { ...named("ipv6-only-strict"), routerAdvertisements: { pref64: true } },
      "routerAdvertisements.pref64",
      "true",
    ],
    [
      "advertisements where no network has IPv6",
      { ...named("ipv4-only"), routerAdvertisements: { maxInterval: 60 } },
      "routerAdvertisements",
      '{"maxInterval":60}',
    ],
    [
      "a part of IPv6 addresses where no network has any",
      { ...named("ipv4-only"), lan: { gatewayInterfaceId: "::2" } },
      "lan.gatewayInterfaceId",
      "::2",
    ],
    [
      "the prefix of the one network beside others",
      { ...named("ipv6-only-nat64"), lan: { prefix: "fd00::/64" } },
      "lan.prefix",
      "fd00::/64",
    ],
  ])("is warned of where it has no effect: %s", (_what, raw, key, value) => {
    const { warnings } = planOf({ lan: { ...(raw.networks === undefined ? { prefix: "fd00::/64" } : {}) }, ...raw });
    expect(warnings.map((each) => [each.key, each.value])).toEqual([[key, value]]);
    expect(inWords(warnings, raw)).toMatchSnapshot();
  });

  it("is none where some network goes by it, or where a network has it from the lab", () => {
    const { warnings } = planOf({
      lan: { gatewayInterfaceId: "::2" },
      routerAdvertisements: { pref64: true, pref64Lifetime: 240, maxInterval: 60 },
      dhcpv6: { mode: "stateful", pool, preferredLifetime: 900 },
      networks: [
        { name: "old", scenario: "ipv4-only" },
        { name: "strict", scenario: "ipv6-only-strict", dhcpv6: { mode: "off" } },
        { name: "nat64", scenario: "ipv6-only-nat64", routerAdvertisements: { pref64: true } },
        { name: "dual", scenario: "dual-stack", routerAdvertisements: { pref64: false } },
      ],
    });
    expect(warnings).toEqual([]);
  });

  it("does not hide a value that is wrong elsewhere, nor is it made up where one is", () => {
    const one = { name: "one", scenario: "ipv6-only-strict", routerAdvertisements: { pref64: true } };
    expect(keysOf({ networks: [one], nat64: { prefix: "2001:db8::/44" } })).toEqual([
      "nat64.prefix",
      "networks[0].routerAdvertisements.pref64",
    ]);
    expect(keysOf({ networks: [one], lan: { mtu: 1 } })).toEqual(["lan.mtu"]);
  });
});

it("a configuration is the same whether a network repeats what the lab says or inherits it", () => {
  const ra = { maxInterval: 60 };
  const network = { name: "one", scenario: "ipv6-only-nat64" };
  const inherited = parseConfig({ routerAdvertisements: ra, networks: [network] });
  expect(parseConfig({ routerAdvertisements: ra, networks: [{ ...network, routerAdvertisements: ra }] })).toEqual(
    inherited,
  );
});
