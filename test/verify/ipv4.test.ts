/** What is looked at on a client whose network has IPv4. */
import { checkClient } from "../../verify/checks";
import { refusedDestinations } from "../../verify/questions";
import {
  address,
  type ClientChange,
  clientEvidence,
  defaultRoutes,
  labOf,
  networkIn,
  onLan,
  own,
  type Texts,
} from "./fixtures";
import * as packets from "./packets";

const [client, gateway] = ["192.168.64.87", "192.168.64.1"];
const ipv4 = (local: string): object => ({ family: "inet", local, scope: "global" });
const routes = (...gateways: readonly string[]): string =>
  JSON.stringify([
    ...gateways.map((each) => ({ dst: "default", gateway: each, dev: "lan", protocol: "dhcp" })),
    { dst: "192.168.64.0/24", dev: "lan", protocol: "kernel", prefsrc: client },
  ]);

/** The content, and what its name and every other one lead to where nothing is synthesized. */
const plain: ClientChange = {
  hears: { ipv4only: [packets.dns(0)], "host-aaaa": [packets.dns(0)] },
  fetchedByIpv4: { fetch: "200 140421 198.51.100.7 47944 0.3" },
  translates: { sessionsTcp: "", sessionsUdp: "", bibTcp: "" },
};
const ownView = "ipv4only.arpa: resolve call failed: 'ipv4only.arpa' does not have any RR of the requested type";

/** Of a client, with what `change` says beside what it usually says: the status and evidence of what is not passed. */
function notPassed(usual: ClientChange, { says, hears, ...change }: ClientChange): Readonly<Record<string, string>> {
  const results = checkClient(
    clientEvidence({
      ...{ ...plain, ...usual, ...change },
      says: { ...usual.says, ...says },
      hears: { ...plain.hears, ...usual.hears, ...hears },
    }),
  );
  const odd = results.filter(({ status }) => status !== "pass");
  return Object.fromEntries(odd.map(({ check, status, evidence }) => [check, `${status}: ${evidence}`]));
}

describe("a client of a network with IPv4 alone", () => {
  const lab = labOf({ networks: [{ name: "old", scenario: "ipv4-only", ipv4: "192.168.64.0/24" }] });
  const { router } = networkIn(lab);
  const usual: Texts = {
    addresses: onLan(ipv4(client)),
    routes6: "[]",
    routes4: routes(gateway),
    source: "RTNETLINK answers: Network is unreachable",
    lan: JSON.stringify({ Name: "lan" }),
    resolver: `nameserver ${gateway}\nsearch .`,
    "own-ipv4only.arpa": ownView,
  };
  const healthy: ClientChange = {
    lab,
    says: usual,
    exitCodes: { source: 2, "own-ipv4only.arpa": 1 },
    hears: { "icmpv6-134": [], "dhcpv6-7": [], "dhcpv6-2": [] },
  };
  const seen = (change: ClientChange = {}) => notPassed(healthy, change);
  const noIpv6 = "there is no IPv6 address beyond the link, and no IPv6 default route";
  const inUse = `the IPv4 address ${client} is in use, and the gateway is its router`;

  it("passes with its address and the gateway as its router, and with nothing of IPv6 but the link's", () => {
    expect(seen()).toEqual({});
  });

  test.each<[string, ClientChange, Readonly<Record<string, string>>]>([
    [
      "an IPv6 address",
      { says: { addresses: onLan(ipv4(client), address(own.client)) } },
      { [noIpv6]: `fail: ${own.client} on lan; 0 IPv6 default routes` },
    ],
    [
      "an IPv6 default route",
      { says: { routes6: defaultRoutes(own.router) } },
      { [noIpv6]: "fail: no address; 1 IPv6 default routes" },
    ],
    [
      "a router of IPv6",
      { hears: { "icmpv6-134": [`${own.routerMac} ${packets.advertisement()}`] } },
      { "nobody answers as a router": `fail: ${own.router} at ${own.routerMac}` },
    ],
    [
      "the gateway as a router of IPv6",
      { hears: { "icmpv6-134": [`${router.mac} ${packets.advertisement([], { router: router.linkLocal })}`] } },
      { "nobody answers as a router": `fail: ${router.linkLocal} at ${router.mac}` },
    ],
    ["no IPv4 address", { says: { addresses: onLan() } }, { [inUse]: `fail: no address; ${gateway} dev lan` }],
    [
      "another IPv4 address",
      { says: { addresses: onLan(ipv4("192.168.64.130")) } },
      { [inUse]: `fail: 192.168.64.130 on lan; ${gateway} dev lan` },
    ],
    [
      "a second IPv4 address",
      { says: { addresses: onLan(ipv4(client), ipv4("169.254.7.7")) } },
      { [inUse]: `fail: ${client} on lan, 169.254.7.7 on lan; ${gateway} dev lan` },
    ],
    ["no IPv4 default route", { says: { routes4: routes() } }, { [inUse]: `fail: ${client} on lan; no default route` }],
    [
      "another IPv4 router",
      { says: { routes4: routes("192.168.64.2") } },
      { [inUse]: `fail: ${client} on lan; 192.168.64.2 dev lan` },
    ],
    [
      "a second IPv4 router",
      { says: { routes4: routes(gateway, "192.168.64.2") } },
      { [inUse]: `fail: ${client} on lan; ${gateway} dev lan, 192.168.64.2 dev lan` },
    ],
    [
      "another resolver",
      { says: { resolver: "nameserver 192.168.64.2\nsearch ." } },
      { "the resolver is the one that DHCPv4 names": "fail: 192.168.64.2" },
    ],
    [
      "content that does not come",
      { fetchedByIpv4: { fetch: "000 0   0.0\ncurl: (7) Failed to connect" } },
      { "IPv4-only content comes over HTTP, by IPv4": "fail: 000 0   0.0 curl: (7) Failed to connect" },
    ],
    [
      "no IPv4 address of the content",
      { fetchedByIpv4: undefined },
      { "IPv4-only content comes over HTTP, by IPv4": "fail: the content's IPv4 address is not known" },
    ],
    [
      "an error for content",
      { fetchedByIpv4: { fetch: "502 10 198.51.100.7 47944 0.3" } },
      { "IPv4-only content comes over HTTP, by IPv4": "fail: HTTP status 502 from 198.51.100.7" },
    ],
    [
      "content that came by IPv6",
      { fetchedByIpv4: { fetch: `200 140421 ${own.server} 47944 0.3` } },
      { "IPv4-only content comes over HTTP, by IPv4": `fail: HTTP status 200 from ${own.server}` },
    ],
    [
      "DNS64",
      { hears: { "host-aaaa": [packets.dns(0, own.server)] } },
      { "the resolver makes up no address inside a NAT64 prefix": `fail: mirror.example: ${own.server}` },
    ],
  ])("fails with %s, and nothing else does", (_what, change, expected) => {
    expect(seen(change)).toEqual(expected);
  });
});

describe("a client of a network with both", () => {
  const lab = labOf({
    networks: [{ name: "both", scenario: "dual-stack", prefix: "fc01:0:0:1::/64", ipv4: "192.168.64.0/24" }],
  });
  const [router, mac] = [lab.promised.networks[0]?.router.linkLocal ?? "", lab.promised.networks[0]?.router.mac ?? ""];
  const refusals = refusedDestinations(lab).map((each) => `${mac} ${packets.unreachable(1, each)}`);
  const { prefix, rdnss, mtu } = packets.options;
  const advertisement = packets.advertisement([prefix(), rdnss(), mtu()], { router });
  const dhcpv6 = (kind: "reply" | "advertise"): string =>
    `${mac} ${packets.dhcpv6(kind, { server: router, dns: [own.gateway] })}`;
  const usual: Texts = {
    addresses: onLan(address(own.client), ipv4(client)),
    routes6: defaultRoutes(router),
    routes4: routes(gateway),
    lan: JSON.stringify({ Name: "lan" }),
    resolver: `nameserver ${own.gateway}\nnameserver ${gateway}\nsearch .`,
    "own-ipv4only.arpa": ownView,
  };
  const healthy: ClientChange = {
    lab,
    says: usual,
    exitCodes: { "own-ipv4only.arpa": 1 },
    hears: {
      "icmpv6-134": [`${mac} ${advertisement}`],
      "icmpv6-1": refusals,
      "dhcpv6-7": [dhcpv6("reply")],
      "dhcpv6-2": [dhcpv6("advertise")],
    },
  };
  const seen = (says: Texts = {}) => notPassed(healthy, { says });

  it("asks the resolver at both of its addresses", () => {
    const title = "the resolver says the same at its IPv4 address";
    const hearing = (hears: Readonly<Record<string, readonly string[]>>) => notPassed(healthy, { hears })[title];
    expect(hearing({ "ipv4only-by-ipv4": [] })).toBe("fail: no answer");
    expect(hearing({ "ipv4only-by-ipv4": ["error Connection refused"] })).toBe("fail: Connection refused");
    expect(hearing({ "ipv4only-by-ipv4": [packets.dns(0, "64:ff9b::c000:aa")] })).toMatch(/^fail: 64:ff9b::/);
    expect(hearing({ ipv4only: [] })).toBe("skipped: where it is asked first it does not answer; here: no answer");
  });

  it("passes with its addresses and the gateway as its router in both families", () => {
    expect(seen()).toEqual({});
  });

  it("fails without its IPv4 address, and nothing else does", () => {
    expect(seen({ addresses: onLan(address(own.client)) })).toEqual({
      [`the IPv4 address ${client} is in use, and the gateway is its router`]: `fail: no address; ${gateway} dev lan`,
    });
  });

  it("fails with a resolver of one family alone, and nothing else does", () => {
    expect(seen({ resolver: `nameserver ${own.gateway}\nsearch .` })).toEqual({
      "the resolvers are those that the advertisements (RFC 8106) and DHCPv4 name": `fail: ${own.gateway}`,
    });
  });

  it("fails without its IPv6 address, and nothing else does", () => {
    expect(seen({ addresses: onLan(ipv4(client)), source: "[]" })).toEqual({
      [`the address ${own.client} is in use, and no other one is preferred`]: "fail: no global IPv6 address",
    });
  });
});
