import { lacking } from "../../verify/arrival";
import { allScenarios } from "../fixtures/plan";
import { readClientFacts } from "../../verify/client-facts";
import { parseSections } from "../../verify/sections";
import { address, defaultRoutes, labOf, onLan, printed, type Texts, withClat } from "./fixtures";

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

const seen = (texts: Texts) => readClientFacts(parseSections(printed(texts)));
const names = lab.promised.networks.map(({ name }) => name);
const pairs = names.flatMap((from) => names.filter((to) => to !== from).map((to) => [from, to] as const));

describe("a client that joins another network", () => {
  it.each(names)("lacks nothing on %s when it has what that gives", (name) => {
    expect(lacking(client, networkNamed(name), seen(at(name)))).toEqual([]);
  });

  it.each(pairs)("and still has what %s gave has not arrived on %s", (from, to) => {
    expect(lacking(client, networkNamed(to), seen(at(from)))).not.toEqual([]);
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
    // Nobody asks one without for it.
    expect(lacking({ ...own, clat: false }, networkNamed(name), seen(plain))).toEqual([]);
  });

  it("does without IPv4 on IPv6-mostly when it honours option 108, and may not lack it elsewhere", () => {
    const modern = { ...client, option108: true };
    const { ipv6 = "" } = client.addresses.mostly ?? {};
    const without = { ...at("mostly"), addresses: onLan(address(ipv6)), resolver: "nameserver 2001:2:0:4664::1" };
    expect(lacking(modern, networkNamed("mostly"), seen(without))).toEqual([]);
    expect(lacking(client, networkNamed("mostly"), seen(without))).not.toEqual([]);
  });
});
