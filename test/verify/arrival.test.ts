import type { SshConnection } from "../../ssh";
import { arrival, judgeArrival, lacking } from "../../verify/arrival";
import { allScenarios } from "../fixtures/plan";
import { readNetworkFacts } from "../../verify/client-facts";
import { parseSections } from "../../verify/sections";
import { address, announcing, defaultRoutes, labOf, onLan, printed, type Texts, withClat } from "./fixtures";

const lab = labOf(allScenarios);
const [client] = lab.clients;
if (client === undefined) throw new Error("The fixture has a client.");

function networkNamed(name: string) {
  const network = lab.promised.networks.find((each) => each.name === name);
  if (network === undefined) throw new Error(`The fixture has no network ${name}.`);
  return network;
}

/** What a client says that has all that a network gives. */
function at(name: string): Texts {
  const network = networkNamed(name);
  const { ipv6, ipv4 } = client?.addresses[name] ?? {};
  const own = [
    ...(ipv6 === undefined ? [] : [address(ipv6)]),
    ...(ipv4 === undefined ? [] : [{ family: "inet", local: ipv4, scope: "global" }]),
  ];
  const resolvers = [network.ipv6?.gatewayAddress, network.ipv4?.gatewayAddress].filter((each) => each !== undefined);
  return {
    addresses: onLan(...own),
    routes6: ipv6 === undefined ? "[]" : defaultRoutes(network.router.linkLocal),
    routes4: "[]",
    source: "[]",
    mtu: "1500",
    lan: "{}",
    resolver: resolvers.map((each) => `nameserver ${each}`).join("\n"),
    "own-ipv4only.arpa": "",
  };
}

const seen = (texts: Texts) => readNetworkFacts(parseSections(printed(texts)));
const names = lab.promised.networks.map(({ name }) => name);
const pairs = names.flatMap((from) => names.filter((to) => to !== from).map((to) => [from, to] as const));

describe("a client that joins another network", () => {
  it.each(names)("lacks nothing on %s when it has what that gives", (name) => {
    expect(lacking(client, networkNamed(name), seen(at(name)))).toEqual([]);
  });

  it("lacks no default route where the gateway does not offer itself as a router, and has one too many with one", () => {
    const network = networkNamed("nat64");
    const silent = announcing(network, () => ({ routerLifetime: 0 }));
    const without = { ...at("nat64"), routes6: "[]" };
    expect(lacking(client, silent, seen(without))).toEqual([]);
    expect(lacking(client, silent, seen(at("nat64")))).toEqual([
      `the end of the default route by ${network.router.linkLocal}`,
    ]);
    expect(lacking(client, network, seen(without))).toEqual([`the default route by ${network.router.linkLocal}`]);
  });

  it("has arrived with a deprecated address where the network announces no other, and nowhere else", () => {
    const network = networkNamed("nat64");
    const own = client.addresses.nat64?.ipv6 ?? "";
    const deprecated = { ...at("nat64"), addresses: onLan(address(own, { deprecated: true })) };
    const there = announcing(network, ({ prefix }) => ({ prefix: { ...prefix, preferredLifetime: 0 } }));
    expect(lacking(client, there, seen(deprecated))).toEqual([]);
    expect(lacking(client, network, seen(deprecated))).toEqual([`the address ${own}`]);
    const byDhcpv6 = announcing(there, ({ prefix }) => ({ prefix: { ...prefix, autonomous: false } }));
    expect(lacking(client, byDhcpv6, seen(deprecated))).toEqual([`the address ${own}`]);
  });

  it.each(pairs)("and still has what %s gave has not arrived on %s", (from, to) => {
    expect(lacking(client, networkNamed(to), seen(at(from)))).not.toEqual([]);
  });

  it("has not arrived with an address or a way of the network before, beside all that the new one gives", () => {
    const [old, here] = [client.addresses.dual, client.addresses.strict?.ipv6 ?? ""];
    const route = [{ dst: "default", gateway: networkNamed("dual").ipv4?.gatewayAddress, dev: "lan" }];
    const both = onLan(address(here), address(old?.ipv6 ?? ""), { family: "inet", local: old?.ipv4, scope: "global" });
    const texts = { ...at("strict"), addresses: both, routes4: JSON.stringify(route) };
    expect(lacking(client, networkNamed("strict"), seen(texts))).toEqual([
      `the end of the address ${old?.ipv6 ?? ""}, which strict does not give`,
      `the end of the address ${old?.ipv4 ?? ""}, which strict does not give`,
      `the end of the IPv4 route to default by ${networkNamed("dual").ipv4?.gatewayAddress ?? ""}, which strict does not give`,
    ]);
  });

  it("has arrived though an old address is deprecated", () => {
    const here = client.addresses.strict?.ipv6 ?? "";
    const old = address(client.addresses.dual?.ipv6 ?? "", { deprecated: true });
    const texts = { ...at("strict"), addresses: onLan(address(here), old) };
    expect(lacking(client, networkNamed("strict"), seen(texts))).toEqual([]);
  });

  it("has arrived with routes to the network's own IPv4 addresses and by its router, and with no others", () => {
    const { ipv4 } = networkNamed("dual");
    const own = [
      { dst: "default", gateway: ipv4?.gatewayAddress, dev: "lan" },
      { dst: ipv4?.prefix, dev: "lan" },
      { dst: ipv4?.gatewayAddress, dev: "lan" },
    ];
    const lacks = (routes: readonly object[]) =>
      lacking(client, networkNamed("dual"), seen({ ...at("dual"), routes4: JSON.stringify(routes) }));
    expect(lacks(own)).toEqual([]);
    expect(lacks([...own, { dst: "192.168.7.0/24", dev: "lan" }])).toEqual([
      "the end of the IPv4 route to 192.168.7.0/24, which dual does not give",
    ]);
    expect(lacks([...own, { dst: "default", gateway: "192.168.7.1", dev: "lan" }])).toHaveLength(1);
    expect(lacks([...own, { dst: "192.168.46.128/25", gateway: "192.168.46.9", dev: "lan" }])).toEqual([
      "the end of the IPv4 route to 192.168.46.128/25 by 192.168.46.9, which dual does not give",
    ]);
    expect(lacks([...own, { dst: "default", dev: "lan" }])).toEqual([
      "the end of the IPv4 route to default, which dual does not give",
    ]);
    // A card that is not the network's.
    expect(lacks([...own, { dst: "192.168.7.0/24", dev: "docker0" }])).toEqual([]);
  });

  it("has not arrived with another address of the network in the place of its own", () => {
    const texts = { ...at("strict"), addresses: onLan(address("2001:2:0:6600::99")) };
    expect(lacking(client, networkNamed("strict"), seen(texts))).toEqual([
      `the address ${client.addresses.strict?.ipv6 ?? ""}`,
      "the end of the address 2001:2:0:6600::99, which strict does not give",
    ]);
  });

  it("has arrived with what stateful DHCPv6 has leased to it too, and not with another's lease", () => {
    const stateful = labOf({
      ...allScenarios,
      dhcpv6: { mode: "stateful" },
      routerAdvertisements: { prefix: { autonomous: true } },
      clients: ["client-1", "client-2"].map((name) => ({ name })),
    });
    const [first, second] = stateful.clients;
    const network = stateful.promised.networks.find(({ name }) => name === "strict");
    const dhcpv6 = network?.ipv6?.dhcpv6;
    const leaseOf = (mac = "") =>
      dhcpv6?.mode === "stateful" ? dhcpv6.reservations.find((each) => each.mac === mac)?.address : undefined;
    const [leased, others] = [leaseOf(first?.lanMac), leaseOf(second?.lanMac)];
    if (first === undefined || network === undefined || leased === undefined || others === undefined)
      throw new Error("The fixture has leases.");
    const own = first.addresses.strict?.ipv6 ?? "";
    expect(leased).not.toBe(own);
    const lacks = (...addresses: readonly string[]) =>
      lacking(first, network, seen({ ...at("strict"), addresses: onLan(...addresses.map((each) => address(each))) }));
    expect(lacks(own, leased)).toEqual([]);
    expect(lacks(own, others)).toEqual([`the end of the address ${others}, which strict does not give`]);
  });

  it("is a row of a report, which fails with what it lacks", () => {
    const strict = networkNamed("strict");
    expect(judgeArrival(lab, client, strict, [])).toMatchObject({ status: "pass", network: "strict" });
    const row = judgeArrival(lab, client, strict, ["the address a", "its CLAT"]);
    expect(row).toMatchObject({ status: "fail", evidence: "it lacks the address a; its CLAT" });
    expect(row.remedy).toContain("sudo networkctl reconfigure lan");
  });

  it("is told of by what it lacks", () => {
    const network = networkNamed("nat64");
    const nothing = { ...at("nat64"), addresses: onLan(), routes6: "[]", resolver: "" };
    expect(lacking(client, network, seen(nothing))).toEqual([
      `the address ${client.addresses.nat64?.ipv6 ?? ""}`,
      `the default route by ${network.router.linkLocal}`,
      "the resolvers 2001:2:0:6400::1",
    ]);
  });

  it.each([
    ["nat64", {}, true],
    ["pref64", {}, true],
    ["mostly", { option108: true }, true],
    ["mostly", {}, false],
    ["strict", {}, false],
    ["dual", {}, false],
    ["v4", {}, false],
  ])("with a CLAT, on %s as one with %j: its CLAT is to run is %s", (name, more, runs) => {
    const own = { ...client, clat: true, ...more };
    const { ipv6 = "" } = client.addresses[name] ?? {};
    const { option108 = false } = { ...more };
    const plain = option108
      ? { ...at(name), addresses: onLan(address(ipv6)), resolver: "nameserver 2001:2:0:4664::1" }
      : at(name);
    expect(lacking(own, networkNamed(name), seen(plain))).toEqual(runs ? ["its CLAT"] : []);
    expect(lacking(own, networkNamed(name), seen(withClat(plain)))).toEqual(
      runs ? [] : ["the end of the CLAT that ran before"],
    );
    // One that is half there neither runs nor has ended.
    for (const half of [
      { ...withClat(plain), routes4: plain.routes4 ?? "" },
      { ...withClat(plain), addresses: plain.addresses ?? "" },
    ])
      expect(lacking(own, networkNamed(name), seen(half))).toEqual([
        runs ? "its CLAT" : "the end of the CLAT that ran before",
      ]);
    // Nobody asks one without for it.
    expect(lacking({ ...own, clat: false }, networkNamed(name), seen(plain))).toEqual([]);
  });

  it("does without IPv4 on IPv6-mostly when it honours option 108, and may not lack it elsewhere", () => {
    const modern = { ...client, option108: true };
    const { ipv6 = "" } = client.addresses.mostly ?? {};
    const without = { ...at("mostly"), addresses: onLan(address(ipv6)), resolver: "nameserver 2001:2:0:4664::1" };
    expect(lacking(modern, networkNamed("mostly"), seen(without))).toEqual([]);
    expect(lacking(client, networkNamed("mostly"), seen(without))).not.toEqual([]);
    const { gatewayAddress = "" } = networkNamed("mostly").ipv4 ?? {};
    const routes4 = JSON.stringify([{ dst: "default", gateway: gatewayAddress, dev: "lan" }]);
    expect(lacking(modern, networkNamed("mostly"), seen({ ...without, routes4 }))).toEqual([
      `the end of the IPv4 route to default by ${gatewayAddress}, which mostly does not give`,
    ]);
  });
});

describe("waiting for a client to arrive", () => {
  const strict = networkNamed("strict");
  /** Looks again only where it may still wait: it is ended then. */
  const wait = async (texts: Texts, seconds: number) => {
    const exec = () => Promise.resolve({ code: 0, stdout: printed(texts), stderr: "" });
    const connection = { exec } as unknown as SshConnection;
    return arrival(client, strict, { connection, signal: AbortSignal.abort() }, seconds);
  };
  const nothing = { ...at("strict"), routes6: "[]" };

  it("is over when it has all, or when the time is", async () => {
    await expect(wait(at("strict"), 60)).resolves.toEqual([]);
    await expect(wait(nothing, -1)).resolves.toEqual([`the default route by ${strict.router.linkLocal}`]);
  });

  it("goes on as long as it lacks something and there is time", async () => {
    await expect(wait(nothing, 60)).rejects.toThrow(/abort/);
  });
});
