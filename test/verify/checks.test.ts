import { checkClient, checkGateway } from "../../verify/checks";
import { readCounters } from "../../verify/gateway-facts";
import { type CheckResult, formatReport, makeReport, silent, unreachable } from "../../verify/report";
import { parseSections } from "../../verify/sections";
import { gatewayAddresses, type LabAccess, networkNamed, type PromisedNetwork } from "../../verify/access";
import {
  access,
  address,
  announcing,
  type ClientChange,
  clientEvidence,
  defaultRoutes,
  dropped,
  embedded,
  type GatewayChange,
  gatewayEvidence,
  globals,
  labOf,
  networkIn,
  onLan,
  own,
  pref64,
  printed,
  session,
  type Texts,
} from "./fixtures";
import { allScenarios } from "../fixtures/plan";
import * as packets from "./packets";

const { options } = packets;

function notPassed(results: readonly CheckResult[]): Record<string, string> {
  return Object.fromEntries(
    results.filter(({ status }) => status !== "pass").map(({ check, status }) => [check, status]),
  );
}

/** The gateway answers for an address of its own, and so does somebody else. */
function bothAnswer(target: string): string[] {
  return [own.routerMac, "0a:00:00:00:00:01"].map((mac) => `${mac} ${packets.neighbourAdvertisement(target)}`);
}

/** What does not pass, by the beginning of its sentence; everything else does. */
function expectNotPassed(results: readonly CheckResult[], expected: Readonly<Record<string, string>>): void {
  const found = Object.entries(notPassed(results));
  const beginnings = Object.keys(expected);
  const named = found.map(([check, status]) => [beginnings.find((each) => check.startsWith(each)) ?? check, status]);
  expect(Object.fromEntries(named)).toEqual(expected);
  for (const { status, remedy } of results) {
    expect(remedy === undefined || remedy === "").toBe(status !== "fail" && status !== "warning");
  }
}

/** The default lab, whose advertisements say something else. */
function labAnnouncing(change: Parameters<typeof announcing>[1]): LabAccess {
  const networks = access.promised.networks.map((each) => announcing(each, change));
  return { ...access, promised: { ...access.promised, networks } };
}

function failing(...beginnings: readonly string[]): Record<string, string> {
  return Object.fromEntries(beginnings.map((each) => [each, "fail"]));
}

const advertised = (...all: readonly string[]): ClientChange => ({
  hears: { "icmpv6-134": [`${own.routerMac} ${packets.advertisement(all)}`] },
});

const noContent = {
  ...{ "Jool's session": "skipped", "a datagram to": "skipped", "an IPv4 host answers": "skipped" },
  ...{ "denied IPv4 destinations": "skipped", "only addresses of the LAN": "skipped" },
};
const noDatagram = {
  ...failing("a datagram to"),
  "denied IPv4 destinations": "skipped",
  "only addresses of the LAN": "skipped",
};
const noArrival = { "denied IPv4 destinations": "skipped", "only addresses of the LAN": "skipped" };

describe("a healthy client", () => {
  it("passes every check", () => {
    expectNotPassed(checkClient(clientEvidence()), {});
  });

  it("shows the session as the evidence of the translation", () => {
    const result = checkClient(clientEvidence()).find(({ check }) => check.startsWith("Jool's session table"));
    expect(result?.evidence).toBe(`${own.client}#47942 -> 64:ff9b::c633:6407 is 10.0.2.15#62415 -> 198.51.100.7#80`);
  });

  test.each<[string, ClientChange]>([
    [
      "whose old address is deprecated",
      { says: { addresses: onLan(address(own.client), address("2001:db8::7", { deprecated: true })) } },
    ],
    [
      "that hears its own question come back",
      { hears: { "icmpv6-136": [`${own.clientMac} ${packets.neighbourAdvertisement(own.client)}`] } },
    ],
    [
      "that hears others speak of their own addresses",
      { hears: { "icmpv6-136": [`${own.routerMac} ${packets.neighbourAdvertisement(own.gateway)}`] } },
    ],
    ["whose resolver is named twice", { says: { resolver: `nameserver ${own.gateway}\nnameserver fc01:0:0:1:0::1` } }],
    [
      "to whom something is withdrawn",
      advertised(
        options.prefix(),
        options.pref64(),
        options.rdnss(),
        options.mtu(),
        options.prefix("2001:db8::", "00", 0, 0),
      ),
    ],
    [
      "that hears DHCPv6 answers to others",
      { hears: { "dhcpv6-2": [`${own.routerMac} ${packets.dhcpv6("advertise", { transaction: "123456" })}`] } },
    ],
    [
      "that hears what no host takes for an advertisement",
      {
        hears: {
          "icmpv6-134": [
            `${own.routerMac} ${packets.advertisement()}`,
            `0a:00:00:00:00:01 ${packets.advertisement([], { router: "fe80::bad", hopLimit: 64 })}`,
          ],
        },
      },
    ],
    ["whose fresh name exists", { hears: { fresh: [packets.dns(0, "192.0.2.1")] } }],
    ["of whose server's ping only the second was answered", { pinged: true, uplinkCarriesPings: false }],
    [
      "whose lab denies nothing",
      { lab: { ...access, promised: { ...access.promised, nat64: { ...access.promised.nat64, deniedIpv4: [] } } } },
    ],
  ])("passes: one %s", (_what, change) => {
    expectNotPassed(checkClient(clientEvidence(change)), {});
  });
});

describe("a client fails", () => {
  const rogue = "fe80::bad";
  const foreignServer = packets.dhcpv6("reply", { server: rogue, dns: [own.gateway] });
  test.each<[string, ClientChange, Record<string, string>]>([
    [
      "with another address",
      { says: { addresses: onLan(address("fc01:0:0:1::99")) } },
      { ...failing("the address", "Jool's session", "a datagram to"), ...noArrival },
    ],
    [
      "with a duplicate address",
      { says: { addresses: onLan(address(own.client, { dadfailed: true })) } },
      failing("the address"),
    ],
    [
      "with a tentative address",
      { says: { addresses: onLan(address(own.client, { tentative: true })) } },
      failing("the address"),
    ],
    [
      "with a deprecated address",
      { says: { addresses: onLan(address(own.client, { deprecated: true })) } },
      failing("the address"),
    ],
    [
      "with a second preferred address",
      { says: { addresses: onLan(address(own.client), address("fc01:0:0:1::99")) } },
      failing("the address"),
    ],
    [
      "that would speak from elsewhere",
      { says: { source: '[{"dev":"lan","prefsrc":"fc01:0:0:1::99"}]' } },
      failing("the address"),
    ],
    [
      "that has no way to the translator",
      { exitCodes: { source: 2 }, says: { source: "RTNETLINK answers: Network is unreachable" } },
      {},
    ],
    [
      "whose address somebody else has",
      { hears: { "icmpv6-136": [`0a:00:00:00:00:01 ${packets.neighbourAdvertisement(own.client)}`] } },
      failing("no other machine"),
    ],
    [
      "with an IPv4 address",
      { says: { addresses: onLan(address(own.client), { family: "inet", local: "192.0.2.9", scope: "global" }) } },
      failing("there is no IPv4"),
    ],
    ["with an IPv4 route", { says: { routes4: '[{"dst":"default","dev":"lan"}]' } }, failing("there is no IPv4")],
    ["without a default route", { says: { routes6: "[]" } }, failing("the default route")],
    [
      "with a default route to somebody else",
      { says: { routes6: defaultRoutes(rogue) } },
      failing("the default route"),
    ],
    ["with two default routes", { says: { routes6: defaultRoutes(own.router, rogue) } }, failing("the default route")],
    [
      "with the gateway's route twice",
      { says: { routes6: defaultRoutes(own.router, own.router) } },
      failing("the default route"),
    ],
    [
      "with a default route set by hand",
      { says: { routes6: defaultRoutes(own.router).replace('"ra"', '"static"') } },
      failing("the default route"),
    ],
    [
      "with a default route elsewhere",
      { says: { routes6: defaultRoutes(own.router).replace('"dev":"lan"', '"dev":"tun0"') } },
      failing("the default route"),
    ],
    [
      "that hears no router",
      { hears: { "icmpv6-134": [] } },
      failing("only the gateway answers", "the router advertisements"),
    ],
    [
      "that hears another router too",
      {
        hears: {
          "icmpv6-134": [
            `${own.routerMac} ${packets.advertisement()}`,
            `0a:00:00:00:00:01 ${packets.advertisement([], { router: rogue })}`,
          ],
        },
      },
      failing("only the gateway answers"),
    ],
    [
      "that hears somebody speak in the gateway's name",
      { hears: { "icmpv6-134": [`0a:00:00:00:00:01 ${packets.advertisement()}`] } },
      failing("only the gateway answers"),
    ],
    [
      "that hears the gateway's card speak as another router too",
      {
        hears: {
          "icmpv6-134": [packets.advertisement(), packets.advertisement([], { router: rogue })].map(
            (each) => `${own.routerMac} ${each}`,
          ),
        },
      },
      failing("only the gateway answers"),
    ],
    [
      "that is told another MTU",
      advertised(options.prefix(), options.pref64(), options.rdnss(), options.mtu(1400)),
      failing("the router advertisements"),
    ],
    [
      "that is told a second NAT64 prefix",
      advertised(options.prefix(), options.pref64(), options.pref64("2001:db8:64::"), options.rdnss(), options.mtu()),
      failing("the router advertisements"),
    ],
    [
      "that is told other lifetimes at times",
      {
        hears: {
          "icmpv6-134": [
            `${own.routerMac} ${packets.advertisement()}`,
            `${own.routerMac} ${packets.advertisement([], { lifetime: 9 })}`,
          ],
        },
      },
      failing("the router advertisements"),
    ],
    ["with another MTU", { says: { mtu: "1400" } }, failing("the MTU")],
    ["with another resolver", { says: { resolver: "nameserver 2001:db8::53" } }, failing("the resolver is")],
    [
      "with a second resolver",
      { says: { resolver: `nameserver ${own.gateway}\nnameserver 2001:db8::53` } },
      failing("the resolver is"),
    ],
    ["without a resolver", { says: { resolver: "search ." } }, failing("the resolver is")],
    [
      "whose resolver's list is not there",
      {
        says: { resolver: "cat: /run/systemd/resolve/resolv.conf: No such file or directory" },
        exitCodes: { resolver: 1 },
      },
      failing("the resolver is", "the search domains"),
    ],
    [
      "with search domains that nobody planned",
      { says: { resolver: `nameserver ${own.gateway}\nsearch lab.example` } },
      failing("the search domains"),
    ],
    ["that does not know the NAT64 prefix", { says: { lan: "{}" } }, failing("the NAT64 prefix")],
    [
      "that knows two NAT64 prefixes",
      { says: { lan: pref64([[0, 0x64, 0xff, 0x9b], 96], [[0x20, 1, 0xd, 0xb8], 96]) } },
      failing("the NAT64 prefix"),
    ],
    [
      "that knows the NAT64 prefix with another length",
      { says: { lan: pref64([[0, 0x64, 0xff, 0x9b], 64]) } },
      failing("the NAT64 prefix"),
    ],
    ["whose DHCPv6 server is silent", { hears: { "dhcpv6-7": [], "dhcpv6-2": [] } }, failing("DHCPv6 is stateless")],
    ["whose DHCPv6 server only offers", { hears: { "dhcpv6-7": [] } }, failing("DHCPv6 is stateless")],
    [
      "whom a second DHCPv6 server answers",
      {
        hears: {
          "dhcpv6-7": [
            `${own.routerMac} ${packets.dhcpv6("reply", { dns: [own.gateway] })}`,
            `0a:00:00:00:00:01 ${foreignServer}`,
          ],
        },
      },
      failing("DHCPv6 is stateless"),
    ],
    [
      "whom DHCPv6 tells another resolver",
      { hears: { "dhcpv6-7": [`${own.routerMac} ${packets.dhcpv6("reply", { dns: ["2001:db8::53"] })}`] } },
      failing("DHCPv6 is stateless"),
    ],
    [
      "whom DHCPv6 tells search domains",
      {
        hears: {
          "dhcpv6-7": [`${own.routerMac} ${packets.dhcpv6("reply", { dns: [own.gateway], domains: ["lab.example"] })}`],
        },
      },
      failing("DHCPv6 is stateless"),
    ],
    [
      "whom DHCPv6 offers an address",
      {
        hears: { "dhcpv6-2": [`${own.routerMac} ${packets.dhcpv6("advertise", { addresses: ["fc01:0:0:1::d000"] })}`] },
      },
      failing("DHCPv6 is stateless"),
    ],
    [
      "whose neighbour is silent",
      { hears: { "neighbour-gateway": [] } },
      failing("the gateway and clients that were there"),
    ],
    [
      "whose neighbour cannot be reached",
      { hears: { "neighbour-gateway": ["error No route to host"] } },
      failing("the gateway and clients that were there"),
    ],
    [
      "whose gateway leads ipv4only.arpa elsewhere",
      { hears: { ipv4only: [packets.dns(0, "2001:db8::c000:aa", "2001:db8::c000:ab")] } },
      failing("ipv4only.arpa leads"),
    ],
    [
      "whose gateway knows half of ipv4only.arpa",
      { hears: { ipv4only: [packets.dns(0, "64:ff9b::c000:aa")] } },
      failing("ipv4only.arpa leads"),
    ],
    [
      "whose resolver is silent",
      { hears: { ipv4only: [], "host-aaaa": [], "host-a": [], fresh: [] } },
      {
        ...failing("ipv4only.arpa leads", "DNS64", "the resolver finds out"),
        ...{ "programs are told": "skipped", "the resolver says the same over TCP": "skipped" },
      },
    ],
    ["whose resolver is silent over TCP", { hears: { "ipv4only-tcp": [] } }, failing("the resolver says the same")],
    [
      "whose resolver refuses TCP",
      { hears: { "ipv4only-tcp": ["error Connection refused"] } },
      failing("the resolver says the same"),
    ],
    [
      "who is led to another resolver over TCP",
      { hears: { "ipv4only-tcp": [packets.dns(0, "2001:db8::c000:aa", "2001:db8::c000:ab")] } },
      failing("the resolver says the same"),
    ],
    [
      "to whom the resolver says something else of it over TCP",
      { hears: { "ipv4only-tcp": [packets.dns(3)] } },
      failing("the resolver says the same"),
    ],
    [
      "whose resolver cannot be reached",
      { hears: { fresh: ["error Connection refused"] } },
      failing("the resolver finds out"),
    ],
    ["whose forwarders are silent", { hears: { fresh: [packets.dns(2)] } }, failing("the resolver finds out")],
    [
      "whose own resolver says something else",
      { says: { "own-ipv4only.arpa": "ipv4only.arpa IN AAAA 2001:db8::1" } },
      failing("the client's own resolver"),
    ],
    [
      "whose own resolver says nothing",
      { says: { "own-ipv4only.arpa": "resolve call failed" } },
      failing("the client's own resolver"),
    ],
    ["without DNS64", { hears: { "host-aaaa": [packets.dns(0)] } }, failing("DNS64")],
    [
      "that is given a native address although none leads anywhere",
      { hears: { "host-aaaa": [packets.dns(0, "2001:db8::7")] } },
      failing("DNS64"),
    ],
    ["whose pings only NAT64 loses", { pinged: false, uplinkCarriesPings: true }, failing("an IPv4 host answers")],
    [
      "whose pings are lost, nobody knows where",
      { pinged: false, uplinkCarriesPings: undefined },
      failing("an IPv4 host answers"),
    ],
    [
      "whose content came natively",
      { fetched: { fetch: "200 140421 2001:db8::7 47942 0.2" } },
      { ...failing("IPv4-only content"), ...noContent },
    ],
    ["whose server refuses", { fetched: { fetch: `404 0 ${own.server} 47942 0.1` } }, failing("IPv4-only content")],
    ["whose transfer was cut off", { exitCodes: { fetch: 18 } }, failing("IPv4-only content")],
    [
      "whose content does not come",
      { fetched: { fetch: "curl: (28) timed out\n000 0  0 30.0" }, exitCodes: { fetch: 28 } },
      { ...failing("IPv4-only content"), ...noContent },
    ],
    ["of whose connection Jool knows nothing", { translates: { sessionsTcp: "" } }, failing("Jool's session")],
    [
      "of whom Jool knows only an older connection",
      { translates: { sessionsTcp: session("TCP", { port: "40000" }) } },
      failing("Jool's session"),
    ],
    [
      "of whom Jool knows only datagrams from that port",
      {
        translates: { sessionsTcp: "", sessionsUdp: [session("UDP"), session("UDP", { port: "47942" })].join("\n") },
      },
      failing("Jool's session"),
    ],
    [
      "whose connection is another client's",
      { translates: { sessionsTcp: session("TCP", { from: "fc01:0:0:1::2" }) } },
      failing("Jool's session"),
    ],
    [
      "whose connection goes elsewhere",
      { translates: { sessionsTcp: session("TCP", { to: "64:ff9b::c633:6408" }) } },
      failing("Jool's session"),
    ],
    [
      "whom Jool leads to another server than the address means",
      { translates: { sessionsTcp: session("TCP", { server: "198.51.100.8" }) } },
      failing("Jool's session"),
    ],
    [
      "that can reach a private address",
      { translates: { sessionsUdp: [session("UDP"), session("UDP", { to: embedded("10.0.0.1") })].join("\n") } },
      failing("denied IPv4"),
    ],
    [
      "that can reach a private address and nothing else",
      { translates: { sessionsUdp: session("UDP", { to: embedded("10.0.0.1") }) } },
      { ...failing("denied IPv4", "a datagram to"), "only addresses of the LAN": "skipped" },
    ],
    [
      "whose foreign source is translated",
      { translates: { sessionsUdp: [session("UDP"), session("UDP", { from: "2001:db8:bad::1" })].join("\n") } },
      failing("only addresses of the LAN"),
    ],
    [
      "whose link-local source is translated",
      { translates: { sessionsUdp: [session("UDP"), session("UDP", { from: own.clientLinkLocal })].join("\n") } },
      failing("only addresses of the LAN"),
    ],
    [
      "whose link-local source alone is translated",
      { translates: { sessionsUdp: session("UDP", { from: own.clientLinkLocal }) } },
      { ...failing("only addresses of the LAN", "a datagram to"), "denied IPv4 destinations": "skipped" },
    ],
    ["whose datagrams are not translated", { translates: { sessionsUdp: "" } }, noDatagram],
    [
      "of whose datagrams only an older one was translated",
      { translates: { sessionsUdp: session("UDP", { port: "50001" }) } },
      noDatagram,
    ],
    [
      "of whose port only a connection was translated",
      { translates: { sessionsTcp: [session("TCP"), session("TCP", { port: "50000" })].join("\n"), sessionsUdp: "" } },
      noDatagram,
    ],
    [
      "in whose place another client's datagram was translated",
      { translates: { sessionsUdp: session("UDP", { from: "fc01:0:0:1::2" }) } },
      noDatagram,
    ],
    ["that can log in to the gateway", { hears: { ssh: ["open"] } }, failing("SSH on the gateway")],
  ])("%s", (_what, change, expected) => {
    expectNotPassed(checkClient(clientEvidence(change)), expected);
  });
});

describe("a check that fails on a client says what it saw", () => {
  const rogue = "fe80::bad";
  const dhcpv6 = (answer: Parameters<typeof packets.dhcpv6>[1]): ClientChange => ({
    hears: { "dhcpv6-7": [`${own.routerMac} ${packets.dhcpv6("reply", answer)}`] },
  });
  it.each<[string, ClientChange, string, string]>([
    [
      "a duplicate address",
      { says: { addresses: onLan(address(own.client, { dadfailed: true })) } },
      "the address",
      `${own.client} (duplicate or tentative)`,
    ],
    [
      "a deprecated address",
      { says: { addresses: onLan(address(own.client, { deprecated: true })) } },
      "the address",
      `${own.client} (deprecated)`,
    ],
    [
      "what speaks in the address's place",
      { says: { source: '[{"dev":"lan","prefsrc":"fc01:0:0:1::99"}]' } },
      "the address",
      `${own.client}; fc01:0:0:1::99 speaks to the NAT64 prefix`,
    ],
    [
      "whose the address is too",
      { hears: { "icmpv6-136": [`0a:00:00:00:00:01 ${packets.neighbourAdvertisement(own.client)}`] } },
      "no other machine",
      `${own.client} is also at 0a:00:00:00:00:01`,
    ],
    [
      "whose gateway's address is another machine's too",
      { hears: { "icmpv6-136": bothAnswer(own.gateway) } },
      "no other machine",
      `${own.gateway} is also at 0a:00:00:00:00:01`,
    ],
    [
      "whose default router's address is another machine's too",
      { hears: { "icmpv6-136": bothAnswer(own.router) } },
      "no other machine",
      `${own.router} is also at 0a:00:00:00:00:01`,
    ],
    [
      "an IPv4 address",
      { says: { addresses: onLan(address(own.client), { family: "inet", local: "192.0.2.9", scope: "global" }) } },
      "there is no IPv4",
      "192.0.2.9 on lan; 0 IPv4 routes",
    ],
    [
      "an IPv4 route",
      { says: { routes4: '[{"dst":"default","dev":"lan"}]' } },
      "there is no IPv4",
      "no address; 1 IPv4 routes",
    ],
    [
      "two default routes",
      { says: { routes6: defaultRoutes(own.router, rogue) } },
      "the default route",
      `${own.router} dev lan (ra), ${rogue} dev lan (ra)`,
    ],
    ["no default route", { says: { routes6: "[]" } }, "the default route", "no default route"],
    [
      "what advertisements lack, and what nobody planned",
      advertised(options.prefix(), options.pref64(), options.rdnss(), options.mtu(1400)),
      "the router advertisements",
      "missing: MTU 1500; not planned: MTU 1400",
    ],
    [
      "what DHCPv6 names",
      dhcpv6({ dns: ["2001:db8::53"], domains: ["lab.example"] }),
      "DHCPv6",
      "it names 2001:db8::53, lab.example",
    ],
    [
      "which DHCPv6 server answers too",
      dhcpv6({ server: rogue, dns: [own.gateway] }),
      "DHCPv6",
      `${rogue} answers too`,
    ],
    [
      "which address DHCPv6 offers",
      dhcpv6({ dns: [own.gateway], addresses: ["fc01:0:0:1::d000"] }),
      "DHCPv6",
      "options and fc01:0:0:1::d000",
    ],
    [
      "a server's refusal",
      { fetched: { fetch: `404 0 ${own.server} 47942 0.1` } },
      "IPv4-only content",
      `HTTP status 404 from ${own.server}`,
    ],
    [
      "curl's words where no content comes",
      { fetched: { fetch: "curl: (28) timed out\n000 0  0 30.0" }, exitCodes: { fetch: 28 } },
      "IPv4-only content",
      "curl: (28) timed out 000 0  0 30.0",
    ],
    [
      "to what no session is",
      { translates: { sessionsTcp: "" } },
      "Jool's session",
      `1 sessions, none of ${own.client} to ${own.server}`,
    ],
  ])("%s", (_what, change, beginning, evidence) => {
    const failed = checkClient(clientEvidence(change)).filter(({ status }) => status === "fail");
    expect(failed.find(({ check }) => check.startsWith(beginning))?.evidence).toBe(evidence);
  });
});

describe("a check on a client that cannot tell is skipped with its reason", () => {
  test.each<[string, ClientChange, Record<string, string>]>([
    [
      "the uplink answers no pings",
      { pinged: false, uplinkCarriesPings: false },
      { "an IPv4 host answers": "skipped" },
    ],
    ["something else than networkd configures the card", { exitCodes: { lan: 1 } }, { "the NAT64 prefix": "skipped" }],
    [
      "the translator has addresses for TCP alone",
      {
        lab: labOf({ nat64: { pool4: [{ protocol: "TCP", prefix: "10.0.2.15/32" }] } }),
        translates: { sessionsUdp: "" },
        pinged: false,
      },
      { "a datagram to": "skipped", ...noArrival },
    ],
  ])("when %s", (_what, change, expected) => {
    expectNotPassed(checkClient(clientEvidence(change)), expected);
  });

  it("and warned of when another verify.url could show it: a dual-stack name has IPv6 of its own", () => {
    const lab = labOf({ uplink: { ipv6: "nat66" } });
    const aaaa = [packets.dns(0, "2001:db8::7", own.server)];
    expectNotPassed(checkClient(clientEvidence({ lab, hears: { "host-aaaa": aaaa } })), { DNS64: "warning" });
    expectNotPassed(checkClient(clientEvidence({ lab })), {});
  });
});

describe("a ping that is not to be translated", () => {
  const lab = labOf({ nat64: { dropIcmpv6Info: true } });
  const row = (change: ClientChange) => {
    const [found, ...others] = checkClient(clientEvidence({ lab, ...change })).filter(({ check }) =>
      check.includes("ping "),
    );
    expect(others).toEqual([]);
    return `${found?.status ?? "?"}: ${found?.check ?? ""}: ${found?.evidence ?? ""}`;
  };

  it("is shown by silence of a host that answers the gateway", () => {
    expect(row({ pinged: false })).toMatch(
      /^pass: no ping goes through NAT64: nat64\.dropIcmpv6Info is on: no echo reply from 64:ff9b::c633:6407, which/,
    );
    expect(row({ pinged: true })).toMatch(/^fail: .*: echo reply from 64:ff9b::c633:6407$/);
    expect(row({ pinged: false, uplinkCarriesPings: false })).toMatch(/^skipped: .*the uplink carries no ICMP echo/);
    expect(row({ pinged: false, uplinkCarriesPings: undefined })).toMatch(/^skipped: .*is not known$/);
    expect(row({ pinged: false, fetched: { fetch: "curl: (28) timed out\n000 0  0 9.9" } })).toMatch(
      /^skipped: .*no content/,
    );
  });

  it("is one too where the pool has no entry for ICMP", () => {
    const pool4 = ["TCP", "UDP"].map((protocol) => ({ protocol, prefix: "10.0.2.15/32" }));
    expect(row({ lab: labOf({ nat64: { pool4 } }), pinged: false })).toMatch(
      /^pass: no ping goes through NAT64: nat64\.pool4 has no entry for ICMP: /,
    );
  });
});

describe("what must not be, on a network without IPv4 by any way,", () => {
  const lab = labOf({ ...allScenarios, clients: [{ name: "client-1", network: "strict" }] });
  const noRecord =
    "ipv4only.arpa: resolve call failed: Name 'ipv4only.arpa' does not have any RR of the requested type";
  const fine: ClientChange = {
    lab,
    says: { "own-ipv4only.arpa": noRecord },
    exitCodes: { "own-ipv4only.arpa": 1, fetch: 1 },
    fetched: { fetch: "curl: (7) Failed to connect: Permission denied\n000 0  0 0.1" },
    fetchedByIpv4: { fetch: "curl: (7) Failed to connect: Network is unreachable\n000 0  0 0.1" },
    hears: { ipv4only: [packets.dns(0)], "host-aaaa": [packets.dns(0)] },
  };
  const rows = {
    arpa: "ipv4only.arpa has no AAAA",
    own: "the client's own resolver says the same",
    dns64: "the resolver makes up no address",
    reach: "IPv4-only content is out of reach",
    ssh: "SSH on the gateway is closed",
  };
  const statuses = (change: ClientChange) =>
    Object.fromEntries(
      Object.entries(rows).map(([name, begin]) => {
        const all = { ...fine, ...change, hears: { ...fine.hears, ...change.hears } };
        return [name, checkClient(clientEvidence(all)).find(({ check }) => check.startsWith(begin))?.status];
      }),
    );
  const right = { arpa: "pass", own: "pass", dns64: "pass", reach: "pass", ssh: "pass" };

  it("is translation, by the lab's prefix and by the well-known one: each refuses what is sent to it", () => {
    const row = (refusals: readonly string[], sessionsUdp = "") => {
      const hears = { ...fine.hears, "icmpv6-1": refusals.map((packet) => `${own.routerMac} ${packet}`) };
      const seen = clientEvidence({ ...fine, hears, translates: { sessionsTcp: "", sessionsUdp } });
      const found = checkClient(seen).find(({ check }) => check.startsWith("nothing is translated"));
      return `${found?.status ?? "?"}: ${found?.evidence ?? ""}`;
    };
    const [ours, known] = ["2001:2:0:64::c633:6401", "64:ff9b::c633:6401"];
    const [refusesOurs, refusesKnown] = [packets.unreachable(1, ours), packets.unreachable(1, known)];
    expect(row([refusesOurs, refusesKnown])).toMatch(/^pass: 2001:2:0:64::c633:6401, 64:ff9b::c633:6401: refused/);
    expect(row([refusesOurs])).toBe(`fail: no refusal of ${known} was heard`);
    expect(row([refusesKnown])).toBe(`fail: no refusal of ${ours} was heard`);
    expect(row([refusesOurs, packets.unreachable(0, known)])).toBe(`fail: no refusal of ${known} was heard`);
    expect(row([])).toMatch(/^fail/);
    const anothers = session("UDP", { from: "2001:2:0:6400::2", to: ours });
    expect(row([refusesOurs, refusesKnown], anothers)).toMatch(/^pass/);
    expect(row([refusesOurs, refusesKnown], session("UDP", { to: ours }))).toBe(`fail: 1 sessions of ${own.client}`);
  });

  it("passes where it is not", () => {
    expect(statuses({})).toEqual(right);
    const notFound = { "own-ipv4only.arpa": "ipv4only.arpa: resolve call failed: 'ipv4only.arpa' not found" };
    expect(statuses({ says: notFound })).toEqual(right);
    const dig = { "own-ipv4only.arpa": ";; ->>HEADER<<- opcode: QUERY, status: NOERROR, id: 7" };
    expect(statuses({ says: dig, exitCodes: { fetch: 1 } })).toEqual(right);
    expect(statuses({ hears: { ssh: ["error Connection refused"] } })).toEqual(right);
  });

  it.each<[string, ClientChange, Readonly<Record<string, string>>]>([
    [
      "the gateway's resolver fails",
      { hears: { ipv4only: [packets.dns(2)], "host-aaaa": [packets.dns(2)] } },
      { arpa: "fail", dns64: "fail" },
    ],
    [
      "it refuses",
      { hears: { ipv4only: [packets.dns(5)], "host-aaaa": [packets.dns(5)] } },
      { arpa: "fail", dns64: "fail" },
    ],
    ["it is silent", { hears: { ipv4only: [], "host-aaaa": [] } }, { arpa: "fail", dns64: "fail" }],
    [
      "the client's own resolver does not answer",
      { says: { "own-ipv4only.arpa": "ipv4only.arpa: resolve call failed: Connection timed out" } },
      { own: "fail" },
    ],
    [
      "the client's own resolver is not there",
      { says: { "own-ipv4only.arpa": "Unit dbus-org.freedesktop.resolve1.service not found." } },
      { own: "fail" },
    ],
    [
      "nothing asks it",
      { says: { "own-ipv4only.arpa": "" }, exitCodes: { "own-ipv4only.arpa": 124, fetch: 1 } },
      { own: "fail" },
    ],
    [
      "dig(1) is told SERVFAIL",
      {
        says: { "own-ipv4only.arpa": ";; ->>HEADER<<- opcode: QUERY, status: SERVFAIL, id: 7" },
        exitCodes: { fetch: 1 },
      },
      { own: "fail" },
    ],
    [
      "there is no IPv4 that an address could be made of",
      { hears: { "host-a": [packets.dns(3)] } },
      { dns64: "skipped", reach: "skipped" },
    ],
    ["nobody tells whether there is", { hears: { "host-a": [] } }, { dns64: "skipped", reach: "skipped" }],
    [
      "an address is made behind another prefix",
      { hears: { "host-aaaa": [packets.dns(0, own.server)] } },
      { dns64: "fail" },
    ],
    [
      "a server refuses by translation",
      { fetched: { fetch: `403 1190 ${own.server} 47942 0.24` }, exitCodes: { "own-ipv4only.arpa": 1, fetch: 0 } },
      { reach: "fail" },
    ],
    ["a redirect comes by IPv4", { fetchedByIpv4: { fetch: "301 200 198.51.100.7 50000 0.1" } }, { reach: "fail" }],
    [
      "a connection comes about and nothing by it",
      { fetched: { fetch: `curl: (28) Operation timed out\n000 0 ${own.server} 47942 30.0` } },
      { reach: "fail" },
    ],
    [
      "curl is not there",
      {
        fetched: { fetch: "bash: curl: command not found" },
        fetchedByIpv4: { fetch: "bash: curl: command not found" },
      },
      { reach: "skipped" },
    ],
    ["nobody tried it by IPv4", { fetchedByIpv4: undefined }, { reach: "skipped" }],
    ["the gateway cannot be reached", { hears: { ssh: ["error Network is unreachable"] } }, { ssh: "skipped" }],
    ["the client may not try", { hears: { ssh: ["error at once Permission denied"] } }, { ssh: "skipped" }],
    [
      "the gateway is not heard at all",
      { hears: { "neighbour-gateway": [], ipv4only: [] } },
      { ssh: "skipped", arpa: "fail" },
    ],
  ])("is not passed where %s", (_what, change, expected) => {
    expect(statuses(change)).toEqual({ ...right, ...expected });
  });
});

describe("other configurations", () => {
  it("without PREF64 expect that none is known", () => {
    const lab = labOf({ routerAdvertisements: { pref64: false } });
    const hears = {
      "icmpv6-134": [`${own.routerMac} ${packets.advertisement([options.prefix(), options.rdnss(), options.mtu()])}`],
    };
    expectNotPassed(checkClient(clientEvidence({ lab, hears, says: { lan: "{}" } })), {});
    expectNotPassed(checkClient(clientEvidence({ lab, hears })), failing("no NAT64 prefix is known"));
  });

  it("with a router lifetime of zero expect no default route", () => {
    const lab = labAnnouncing(() => ({ routerLifetime: 0 }));
    const all = [options.prefix(), options.pref64(), options.rdnss(), options.mtu()];
    const hears = { "icmpv6-134": [`${own.routerMac} ${packets.advertisement(all, { lifetime: 0 })}`] };
    expectNotPassed(checkClient(clientEvidence({ lab, hears, says: { routes6: "[]" } })), {});
    expectNotPassed(checkClient(clientEvidence({ lab, hears })), failing("there is no IPv6 default route"));
  });

  it("with a preferred lifetime of zero expect the address deprecated", () => {
    const lab = labAnnouncing(({ prefix }) => ({ prefix: { ...prefix, preferredLifetime: 0 } }));
    const all = [options.prefix("fc01:0:0:1::1", "e0", 86_400, 0), options.pref64(), options.rdnss(), options.mtu()];
    const hears = { "icmpv6-134": [`${own.routerMac} ${packets.advertisement(all)}`] };
    const addresses = onLan(address(own.client, { deprecated: true }));
    expectNotPassed(checkClient(clientEvidence({ lab, hears, says: { addresses } })), {});
    expectNotPassed(
      checkClient(clientEvidence({ lab, hears })),
      failing(`the address ${own.client} is in use, deprecated as it is announced, and no other one is preferred`),
    );
  });

  it("with search domains expect them, in any order", () => {
    const lab = labOf({ dns: { searchDomains: ["lab.example", "example.org"] } });
    const all = [
      options.prefix(),
      options.pref64(),
      options.rdnss(),
      options.mtu(),
      options.dnssl(30, "lab.example", "example.org"),
    ];
    const answer = packets.dhcpv6("reply", { dns: [own.gateway], domains: ["lab.example", "example.org"] });
    const hears = {
      "icmpv6-134": [`${own.routerMac} ${packets.advertisement(all)}`],
      "dhcpv6-7": [`${own.routerMac} ${answer}`],
    };
    const resolver = (domains: string) => ({ resolver: `nameserver ${own.gateway}\nsearch ${domains}` });
    expectNotPassed(
      checkClient(clientEvidence({ lab, hears, says: resolver("example.org lab.example example.org") })),
      {},
    );
    expectNotPassed(
      checkClient(clientEvidence({ lab, hears, says: resolver("lab.example") })),
      failing("the search domains are"),
    );
  });

  it("without DHCPv6 expect that nobody answers", () => {
    const lab = labOf({ dhcpv6: { mode: "off" } });
    const all = [options.prefix(), options.pref64(), options.rdnss(), options.mtu()];
    const advertisement = [`${own.routerMac} ${packets.advertisement(all, { flags: "00" })}`];
    const quiet = { "icmpv6-134": advertisement, "dhcpv6-7": [], "dhcpv6-2": [] };
    expectNotPassed(checkClient(clientEvidence({ lab, hears: quiet })), {});
    expectNotPassed(
      checkClient(clientEvidence({ lab, hears: { "icmpv6-134": advertisement } })),
      failing("DHCPv6 is off"),
    );
  });
});

/** A network whose DHCPv6 server has another client's reservation before the first. */
function withReservationBefore(network: PromisedNetwork): PromisedNetwork {
  const { ipv6 } = network;
  if (ipv6?.dhcpv6.mode !== "stateful") throw new Error(`${network.name} has no reservations.`);
  const before = { mac: "02:00:00:00:00:01", address: "fc01:0:0:1::e001", hostname: "before" };
  const reservations = [before, ...ipv6.dhcpv6.reservations];
  return { ...network, ipv6: { ...ipv6, dhcpv6: { ...ipv6.dhcpv6, reservations } } };
}

describe("stateful DHCPv6", () => {
  const lab = labOf({ dhcpv6: { mode: "stateful" }, routerAdvertisements: { prefix: { autonomous: true } } });
  const dhcpv6 = networkIn(lab).ipv6?.dhcpv6;
  const reserved = dhcpv6?.mode === "stateful" ? (dhcpv6.reservations[0]?.address ?? "") : "";
  const offer = (...addresses: string[]) => ({
    "icmpv6-134": [
      `${own.routerMac} ${packets.advertisement([options.prefix(), options.pref64(), options.rdnss(), options.mtu()], { flags: "c0" })}`,
    ],
    "dhcpv6-2": [`${own.routerMac} ${packets.dhcpv6("advertise", { dns: [own.gateway], addresses })}`],
  });
  const both = onLan(address(own.client), address(reserved));
  const beside = { ...lab, promised: { ...lab.promised, networks: lab.promised.networks.map(withReservationBefore) } };

  test.each<[string, ClientChange, Record<string, string>]>([
    [
      "passes with the reserved address beside the own one",
      { says: { addresses: both }, hears: offer("fc01:0:0:1::d000") },
      {},
    ],
    [
      "passes at both ends of the pool",
      { says: { addresses: both }, hears: offer("fc01:0:0:1::d000", "fc01:0:0:1::dfff") },
      {},
    ],
    [
      "passes where the reserved address is the one that speaks",
      {
        says: { addresses: both, source: JSON.stringify([{ dev: "lan", prefsrc: reserved }]) },
        hears: offer("fc01:0:0:1::d000"),
      },
      {},
    ],
    [
      "passes with the reserved address where another client's reservation comes first",
      { lab: beside, says: { addresses: both }, hears: offer("fc01:0:0:1::d000") },
      {},
    ],
    [
      "fails with one more address than these two, which it names",
      {
        says: { addresses: onLan(address(own.client), address(reserved), address("fc01:0:0:1::bad")) },
        hears: offer("fc01:0:0:1::d000"),
      },
      failing(
        `the address ${own.client} is in use, and no other one but ${reserved}, which DHCPv6 leases, is preferred`,
      ),
    ],
    ["fails without the reserved address", { hears: offer("fc01:0:0:1::d000") }, failing("DHCPv6 is stateful")],
    [
      "fails when a stranger is offered nothing",
      { says: { addresses: both }, hears: offer() },
      failing("DHCPv6 is stateful"),
    ],
    [
      "fails when a stranger is offered what is outside the pool",
      { says: { addresses: both }, hears: offer("fc01:0:0:1::e000") },
      failing("DHCPv6 is stateful"),
    ],
    [
      "fails when one of the offers is below the pool",
      { says: { addresses: both }, hears: offer("fc01:0:0:1::d001", "fc01:0:0:1::cfff") },
      failing("DHCPv6 is stateful"),
    ],
  ])("%s", (_what, change, expected) => {
    expectNotPassed(checkClient(clientEvidence({ lab, ...change })), expected);
  });
});

describe("a healthy gateway", () => {
  it("passes every check", () => {
    expectNotPassed(checkGateway(gatewayEvidence()), {});
  });

  it("without clients that could be asked cannot tell what the firewall drops", () => {
    expectNotPassed(checkGateway(gatewayEvidence({ clients: 0 })), { "the firewall drops": "skipped" });
  });

  it("cannot tell what ports are left where the translator's tables cannot be read", () => {
    const translates = { bibTcp: "", bibUdp: "", bibIcmp: "" };
    expectNotPassed(checkGateway(gatewayEvidence({ translates })), {});
    expectNotPassed(checkGateway(gatewayEvidence({ translates, exitCodes: { bibTcp: 127 } })), {
      "the translator has ports": "skipped",
    });
  });

  it("may have been set right by half a minute", () => {
    expectNotPassed(checkGateway(gatewayEvidence({ says: { clock: "1795460326" } })), {});
    const behind = checkGateway(gatewayEvidence({ says: { clock: "1795460206" } }));
    expectNotPassed(behind, {});
    expect(behind.find(({ check }) => check === "its clock is right")?.evidence).toBe("60 s behind this machine's");
  });

  it("has the pool that is configured, an address a row", () => {
    const pool4 = [{ prefix: "192.0.2.0/31", ports: "7000-7010", protocol: "TCP" }];
    const lab = labOf({ nat64: { pool4 } });
    const rows = (...all: string[]) => ({
      says: { pool4: ["Mark,Protocol,Address,Min port,Max port,Iterations,Iterations fixed", ...all].join("\n") },
    });
    const [one, two] = ["0,TCP,192.0.2.0,7000,7010,1024,0", "0,TCP,192.0.2.1,7000,7010,1024,0"];
    expectNotPassed(checkGateway(gatewayEvidence({ lab, ...rows(one, two) })), {});
    for (const wrong of [
      [],
      [one],
      [one, one.replace("TCP", "UDP")],
      [one, two.replace("7010", "7011")],
      [one, two.replace("2.1", "2.2")],
      [one, two, two],
    ]) {
      expectNotPassed(checkGateway(gatewayEvidence({ lab, ...rows(...wrong) })), failing("one NAT64 translator"));
    }
  });

  it("may have a pool of several entries", () => {
    const protocols = ["TCP", "UDP"];
    const lab = labOf({ nat64: { pool4: protocols.map((protocol) => ({ protocol, prefix: "192.0.2.1/32" })) } });
    const pool4 = protocols.map((protocol) => `0,${protocol},192.0.2.1,61001,65535,1024,0`).join("\n");
    const says = { pool4: `Mark,Protocol,Address,Min port,Max port,Iterations,Iterations fixed\n${pool4}` };
    expectNotPassed(checkGateway(gatewayEvidence({ lab, says })), {});
  });

  it.each<[string, readonly string[], Texts, string]>([
    ["without a pool, of those that Jool takes", [], { bibTcp: bibOf("TCP", 4308) }, "pass: 4308 of 4535"],
    ["without a pool, none of which may be spare", [], { bibTcp: bibOf("TCP", 4309) }, "fail: 4309 of 4535"],
    [
      "a twentieth spare",
      ["TCP,192.0.2.1,7001,7010", "TCP,192.0.2.2,8001,8010"],
      { bibTcp: bibOf("TCP", 18) },
      "pass: 18 of 20",
    ],
    [
      "no twentieth spare",
      ["TCP,192.0.2.1,7001,7010", "TCP,192.0.2.2,8001,8010"],
      { bibTcp: bibOf("TCP", 19) },
      "fail: 19 of 20",
    ],
    [
      "other protocols' beside",
      ["TCP,192.0.2.1,7001,7010", "UDP,192.0.2.1,7001,7900"],
      { bibTcp: bibOf("TCP", 10) },
      "fail: 10 of 10",
    ],
    ["other protocols' taken", ["TCP,192.0.2.1,7001,7010"], { bibTcp: "", bibUdp: bibOf("UDP", 10) }, "pass: 0 of 10"],
  ])("has ports left for TCP, or has none: %s", (_what, pool4, translates, expected) => {
    const rows = pool4.map((each) => `0,${each},1024,0`);
    const says = { pool4: ["Mark,Protocol,Address,Min port,Max port,Iterations,Iterations fixed", ...rows].join("\n") };
    const row = checkGateway(gatewayEvidence({ says, translates })).find(({ check }) => check.includes("ports left"));
    expect(`${row?.status}: ${row?.evidence}`).toBe(`${expected} for TCP are taken`);
  });
});

/** Rows of Jool's table of bindings. */
function bibOf(protocol: "TCP" | "UDP", count: number): string {
  const row = (index: number): string => `${protocol},${own.client},${index},10.0.2.15,${61_001 + index},0`;
  return Array.from({ length: count }, (_, index) => row(index)).join("\n");
}

describe("a gateway of several networks", () => {
  const lab = labOf(allScenarios);
  const { networks } = lab.promised;
  const denied = lab.promised.nat64.deniedIpv4.length;
  /** What the firewall is to drop of what one client on each network sends. */
  const least: Readonly<Record<string, number>> = Object.fromEntries(
    networks.flatMap(({ name, ipv4, ipv6, translated }) => [
      [`from_${name}: ${ipv4 === undefined ? "IPv4 on the LAN" : "spoofed IPv4 source"}`, 1],
      [`from_${name}: ${ipv6 === undefined ? "IPv6 on the LAN" : "spoofed IPv6 source"}`, 1],
      ...(translated ? [[`from_${name}: denied IPv4 destination`, denied]] : []),
      ...(translated || ipv6 === undefined ? [] : [[`from_${name}: NAT64 refused`, 2]]),
    ]),
  ) as Record<string, number>;
  const cards = (change: (usual: Record<string, string[]>) => object = () => ({})): string => {
    const usual = Object.fromEntries(networks.map((each) => [each.card, gatewayAddresses(each)]));
    const all = Object.entries({ ...usual, ...change(usual) } as Record<string, string[]>);
    const family = (local: string): string => (local.includes(":") ? "inet6" : "inet");
    return JSON.stringify(
      all.map(([ifname, own]) => ({
        ifname,
        addr_info: own.map((local) => address(local, { family: family(local) })),
      })),
    );
  };
  const usual: GatewayChange = {
    lab,
    says: {
      mtu: networks.map(({ card, mtu }) => `${card} ${mtu} ${mtu}`).join("\n"),
      lan: cards(),
    },
    hears: Object.fromEntries(networks.map(({ name }) => [`refusal-${name}`, [packets.dns(5)]])),
    before: new Map(),
    after: least,
    spoke: networks,
  };
  const seen = (change: GatewayChange = {}) => {
    const says = { ...usual.says, ...change.says };
    const hears = { ...usual.hears, ...change.hears };
    return checkGateway(gatewayEvidence({ ...usual, ...change, says, hears, after: { ...least, ...change.after } }));
  };

  it("passes every check", () => {
    expectNotPassed(seen(), {});
    expect(seen().map(({ check }) => check)).toContain("its card on each network has the planned addresses and MTU");
  });

  it.each(Object.entries(least))("fails when %s is met once less than %i times", (rule, count) => {
    const after = { [rule]: count - 1 };
    expectNotPassed(seen({ after }), failing("the firewall drops"));
    const row = seen({ after }).find(({ status }) => status === "fail");
    const [, name = "", what = ""] = /^from_(.*): (.*)$/.exec(rule) ?? [];
    // What another network's rules have met makes up for nothing.
    expect(row?.evidence).toBe(`${what} on ${name}: ${count - 1} of at least ${count}`);
  });

  const [first, second] = [networkNamed(lab, "nat64").card, networkNamed(lab, "pref64").card];
  test.each<[string, GatewayChange, string, string]>([
    [
      "two networks have each other's addresses",
      { says: { lan: cards((own) => ({ [first]: own[second], [second]: own[first] })) } },
      "its card on each",
      `${first}: 2001:2:0:6401::1, MTU 1500; ${second}: 2001:2:0:6400::1, MTU 1500`,
    ],
    [
      "the card of one has no address",
      { says: { lan: cards(() => ({ [second]: [] })) } },
      "its card on each",
      `${second}: no address, MTU 1500`,
    ],
    [
      "the card of one has another MTU",
      { says: { mtu: usual.says?.mtu?.replace(`${second} 1500`, `${second} 1400`) ?? "" } },
      "its card on each",
      `${second}: 2001:2:0:6401::1, MTU 1400 and 1500`,
    ],
    [
      "the card of one is not there",
      { says: { mtu: usual.says?.mtu?.replace(`${second} 1500 1500\n`, "") ?? "" } },
      "its card on each",
      `${second}: 2001:2:0:6401::1, MTU `,
    ],
    [
      "the resolver of one answers a stranger",
      { hears: { "refusal-strict": [packets.dns(0)] } },
      "the resolver refuses",
      "strict: it answered (RCODE 0)",
    ],
    ["the resolver of one is silent", { hears: { "refusal-strict": [] } }, "the resolver refuses", "strict: no answer"],
  ])("fails when %s", (_what, change, beginning, evidence) => {
    expectNotPassed(seen(change), failing(beginning));
    expect(seen(change).find(({ status }) => status === "fail")?.evidence).toBe(evidence);
  });
});

describe("a gateway without IPv6 on any network", () => {
  it("cannot tell what it refuses to strangers, who come by IPv6", () => {
    const lab = labOf({ networks: [{ name: "old", scenario: "ipv4-only", ipv4: "192.168.64.0/24" }] });
    const untold = ["the resolver refuses", "a stranger beside the LAN cannot reach"];
    const results = checkGateway(gatewayEvidence({ lab, hears: { "refusal-lan": [] } }));
    const skipped = results.filter(({ status }) => status === "skipped").map(({ check }) => check);
    expect(skipped).toEqual(untold.map((each) => expect.stringMatching(each) as unknown));
  });
});

describe("the gateway fails", () => {
  const betterRoute = JSON.stringify([
    { dst: "default", gateway: "10.0.2.2", dev: "uplink", metric: 100 },
    { dst: "default", gateway: "192.168.46.99", dev: "lan-dual" },
  ]);
  const units = (state: string, unit: string): string =>
    access.promised.units
      .map((each) => `Id=${each}\nActiveState=${each === unit ? state : "active"}\nSubState=dead`)
      .join("\n\n");
  test.each<[string, GatewayChange, Record<string, string>]>([
    ["with a service that is down", { says: { units: units("failed", "radvd.service") } }, failing("every service")],
    [
      "with a service that is not there",
      { says: { units: units("active", "").replace(/Id=radvd.service[\s\S]*$/, "") } },
      failing("every service"),
    ],
    ["without a translator", { says: { instance: "", global: "", pool4: "" } }, failing("one NAT64 translator")],
    [
      "with two translators",
      { says: { instance: "Namespace,Name,Framework\n0x1,default,netfilter\n0x1,other,netfilter" } },
      failing("one NAT64 translator"),
    ],
    [
      "with a translator that is off",
      { says: { global: globals(access, { "manually-enabled": "FALSE" }) } },
      failing("one NAT64 translator"),
    ],
    [
      "with another pool6",
      { says: { global: globals(access, { pool6: "2001:db8:64::/96" }) } },
      failing("one NAT64 translator"),
    ],
    [
      "with a shorter life of its UDP sessions",
      { says: { global: globals(access, { "udp-timeout": "0:02:00" }) } },
      failing("one NAT64 translator"),
    ],
    [
      "that lets TCP in from outside",
      { says: { global: globals(access, { "drop-externally-initiated-tcp": "FALSE" }) } },
      failing("one NAT64 translator"),
    ],
    [
      "that makes larger fragments",
      { says: { global: globals(access, { "lowest-ipv6-mtu": "1500" }) } },
      failing("one NAT64 translator"),
    ],
    [
      "with a pool4 that nobody planned",
      {
        says: {
          pool4: "Mark,Protocol,Address,Min port,Max port,Iterations,Iterations fixed\n0,TCP,192.0.2.0,1,65535,1024,0",
        },
      },
      failing("one NAT64 translator"),
    ],
    ["when its ports are used up", { translates: { bibTcp: bibOf("TCP", 4400) } }, failing("the translator has ports")],
    ["when it does not forward IPv4", { says: { forwarding: "all 0 1\nuplink 0 1\nlan 0 1" } }, failing("it forwards")],
    ["when it does not forward IPv6", { says: { forwarding: "all 1 0\nuplink 1 0\nlan 1 0" } }, failing("it forwards")],
    [
      "when it does not forward IPv6, and nobody can be refused it",
      { says: { forwarding: "all 1 0\nuplink 1 0\nlan 1 0" }, after: { "forward: not forwarded": 2 } },
      { ...failing("it forwards"), "a stranger beside the LAN cannot reach": "skipped" },
    ],
    [
      "when it forwards no IPv4 of its LAN card",
      { says: { forwarding: "all 1 1\nuplink 1 1\nlan 0 1" } },
      failing("it forwards"),
    ],
    [
      "when it forwards no IPv6 of its uplink",
      { says: { forwarding: "all 1 1\nuplink 1 0\nlan 1 1" } },
      failing("it forwards"),
    ],
    ["when nobody tells of one card", { says: { forwarding: "all 1 1\nuplink 1 1" } }, failing("it forwards")],
    ["when nobody knows what it forwards", { says: { forwarding: "" } }, failing("it forwards")],
    [
      "when a rule leads past its IPv4 routes",
      { says: { rulesIPv4: "0:\tfrom all lookup local\n100:\tfrom all dport 443 blackhole" } },
      failing("it forwards"),
    ],
    [
      "when the kernel's own rule is missing",
      { says: { rulesIPv6: "0:\tfrom all lookup local" } },
      failing("it forwards"),
    ],
    ["when nobody tells of rules", { says: { rulesIPv6: "" } }, failing("it forwards")],
    ["without a way out", { says: { uplink: "[]" } }, failing("its IPv4 default route")],
    [
      "with a way out through another card",
      { says: { uplink: '[{"dst":"default","gateway":"10.0.3.2","dev":"mgmt"}]' } },
      failing("its IPv4 default route"),
    ],
    [
      "with a better way out through another card",
      { says: { uplink: betterRoute } },
      failing("its IPv4 default route"),
    ],
    [
      "with a better way out through another card",
      { says: { uplink: betterRoute } },
      failing("its IPv4 default route"),
    ],
    ["with another MTU", { says: { mtu: "lan 1400 1400" } }, failing("its LAN card")],
    ["with another MTU for IPv6 alone", { says: { mtu: "lan 1500 1400" } }, failing("its LAN card")],
    [
      "without its LAN address",
      { says: { lan: JSON.stringify([{ ifname: "lan", addr_info: [address("fc01:0:0:1::2")] }]) } },
      failing("its LAN card"),
    ],
    [
      "with a duplicate LAN address",
      { says: { lan: JSON.stringify([{ ifname: "lan", addr_info: [address(own.gateway, { dadfailed: true })] }]) } },
      failing("its LAN card"),
    ],
    [
      "when its disk is full",
      { exitCodes: { disk: 1 }, says: { disk: "No space left on device" } },
      failing("it can write"),
    ],
    ["when its clock is ahead", { says: { clock: "1795460327" } }, failing("its clock")],
    ["when its clock is behind", { says: { clock: "1795460205" } }, failing("its clock")],
    [
      "when its resolver serves everybody",
      { hears: { "refusal-lan": [packets.dns(0, "64:ff9b::c000:aa")] } },
      failing("the resolver refuses"),
    ],
    ["when its resolver says nothing", { hears: { "refusal-lan": [] } }, failing("the resolver refuses")],
    [
      "when a stranger can ask its resolver",
      { hears: { resolver: [packets.dns(5)] } },
      failing("a stranger beside the LAN gets"),
    ],
    ["when a stranger can log in", { hears: { ssh: ["open"] } }, failing("a stranger beside the LAN gets")],
    [
      "when a stranger is translated",
      { translates: { sessionsUdp: session("UDP", { from: own.stranger }) } },
      failing("a stranger beside the LAN cannot use"),
    ],
    [
      "when nothing counts that a stranger is not translated",
      { after: { "prerouting: translator used from elsewhere": 2 } },
      failing("a stranger beside the LAN cannot use"),
    ],
    [
      "when a stranger reaches a client",
      { hears: { client: ["8100"] } },
      failing("a stranger beside the LAN cannot reach"),
    ],
    [
      "when nothing counts that a stranger is not forwarded",
      { after: { "forward: not forwarded": 2 } },
      failing("a stranger beside the LAN cannot reach"),
    ],
    [
      "when there is no stranger",
      { hears: { cable: [] } },
      failing(
        "a stranger beside the LAN gets",
        "a stranger beside the LAN cannot use",
        "a stranger beside the LAN cannot reach",
      ),
    ],
    [
      "when IPv4 on the LAN is not dropped",
      { after: { "from_lan: IPv4 on the LAN": 2 } },
      failing("the firewall drops"),
    ],
    [
      "when false sources are not dropped",
      { after: { "from_lan: spoofed IPv6 source": 2 } },
      failing("the firewall drops"),
    ],
    [
      "when one denied destination is not dropped",
      { after: { "from_lan: denied IPv4 destination": 1 + access.promised.nat64.deniedIpv4.length } },
      failing("the firewall drops"),
    ],
    ["when not every client's packets are dropped", { clients: 2 }, failing("the firewall drops")],
  ])("%s", (_what, change, expected) => {
    expectNotPassed(checkGateway(gatewayEvidence(change)), expected);
  });

  it("for a better default route with both, and how to take it away", () => {
    const result = checkGateway(gatewayEvidence({ says: { uplink: betterRoute } })).find(({ check }) =>
      check.startsWith("its IPv4 default route"),
    );
    expect(result?.evidence).toBe(
      "192.168.46.99 dev lan-dual is taken before 10.0.2.2 dev uplink: its metric is 0, not 100",
    );
    expect(result?.remedy).toContain('"sudo ip -4 route del default dev lan-dual metric 0"');
  });

  it.each([
    ["is full", "head: write error: No space left on device", "See what fills it"],
    ["is at its quota", "head: write error: Disk quota exceeded", "See what fills it"],
    ["is read-only", "mktemp: failed to create file: Read-only file system", "findmnt --target /var/tmp; sudo dmesg"],
    ["is broken", "head: write error: Input/output error", "findmnt --target /var/tmp; sudo dmesg"],
  ])("for a disk that %s with what leads on", (_what, disk, words) => {
    const result = checkGateway(gatewayEvidence({ exitCodes: { disk: 1 }, says: { disk } })).find(({ check }) =>
      check.startsWith("it can write"),
    );
    expect(result?.evidence).toBe(disk);
    expect(result?.remedy).toContain(words);
  });

  it("for what it does not forward with the cards", () => {
    const evidence = (forwarding: string) =>
      checkGateway(gatewayEvidence({ says: { forwarding } })).find(({ check }) => check.startsWith("it forwards"))
        ?.evidence;
    expect(evidence("all 0 1\nuplink 0 0\nlan 0 1")).toBe("not IPv4, IPv6 that comes in by uplink");
  });

  it("for a rule that leads past the routes with that rule", () => {
    const rulesIPv6 = "0:\tfrom all lookup local\n100:\tfrom fc01:0:0:1::/64 prohibit\n32766:\tfrom all lookup main";
    const result = checkGateway(gatewayEvidence({ says: { rulesIPv6 } })).find(({ check }) =>
      check.startsWith("it forwards"),
    );
    expect(result?.evidence).toBe("a rule of IPv6 is not the kernel's own: 100: from fc01:0:0:1::/64 prohibit");
    expect(result?.remedy).toContain("npm run up");
  });

  it("for a service that is down with its name and the way to its log", () => {
    const [result] = checkGateway(gatewayEvidence({ says: { units: units("failed", "radvd.service") } }));
    expect(result?.evidence).toBe("radvd.service is failed (dead)");
    expect(result?.remedy).toContain('npm run ssh -- --stack dev gateway "sudo journalctl -b -u radvd.service"');
  });
});

describe("what the firewall has counted", () => {
  const unreadable = "nft ended with 1: netlink: Error: cache initialization failed: Operation not permitted";
  const untold = {
    "a stranger beside the LAN cannot use": "skipped",
    "a stranger beside the LAN cannot reach": "skipped",
    "the firewall drops": "skipped",
  };

  it.each([
    ["before", { before: unreadable }],
    ["afterwards", { uncounted: unreadable }],
  ])("cannot be told where it could not be read %s, and why is said", (_when, change) => {
    const results = checkGateway(gatewayEvidence(change));
    expectNotPassed(results, untold);
    for (const { status, evidence } of results) if (status === "skipped") expect(evidence).toContain(unreadable);
  });

  it("does not excuse a stranger who is translated, or who reaches a client", () => {
    const translates = { sessionsUdp: session("UDP", { from: own.stranger }) };
    const results = checkGateway(gatewayEvidence({ before: unreadable, translates, hears: { client: ["8100"] } }));
    expectNotPassed(results, {
      ...untold,
      "a stranger beside the LAN cannot use": "fail",
      "a stranger beside the LAN cannot reach": "fail",
    });
  });

  it("is nothing where the ruleset was not there yet, and all of it where it was loaded anew meanwhile", () => {
    expectNotPassed(checkGateway(gatewayEvidence({ before: new Map() })), {});
    const before = new Map(Object.keys(dropped).map((rule) => [rule, 1000]));
    expectNotPassed(checkGateway(gatewayEvidence({ before })), {});
  });

  it("is read from nft's list; that there is no table is no failure to read it", () => {
    const read = (output: string, code: number) =>
      readCounters(parseSections(printed({ counters: output }, { counters: code })));
    expect(read("Error: No such file or directory\nlist table inet ipv6_only_lab\n           ^^^^", 1)).toEqual(
      new Map(),
    );
    expect(read("netlink: Error: cache initialization failed: Operation not permitted", 1)).toBe(unreadable);
    const rules = [
      { table: "t", chain: "one", comment: "alike", expr: [{ counter: { packets: 2, bytes: 80 } }, { drop: null }] },
      { table: "t", chain: "one", comment: "alike", expr: [{ match: {} }, { counter: { packets: 3, bytes: 80 } }] },
      { table: "t", chain: "other", comment: "alike", expr: [{ counter: { packets: 7, bytes: 80 } }] },
      { table: "t", chain: "one", comment: "no counter", expr: [{ accept: null }] },
      { table: "t", chain: "one", expr: [{ counter: { packets: 9, bytes: 80 } }] },
    ].map((rule) => ({ rule }));
    expect(read(JSON.stringify({ nftables: [{ metainfo: {} }, ...rules] }), 0)).toEqual(
      new Map([
        ["one: alike", 5],
        ["other: alike", 7],
      ]),
    );
    expect(read("nft: command not found", 127)).toBe("nft ended with 127: nft: command not found");
  });
});

describe("a remedy", () => {
  it("names the stack", () => {
    const remedyOf = (lab: typeof access) =>
      checkClient(clientEvidence({ lab, says: { routes4: "[{}]" } })).find(({ status }) => status === "fail")?.remedy;
    expect(remedyOf(access)).toContain('npm run ssh -- --stack dev client-1 "sudo networkctl reconfigure lan"');
    const other = { ...access, promised: { ...access.promised, stack: "other" } };
    expect(remedyOf(other)).toContain('npm run ssh -- --stack other client-1 "sudo networkctl reconfigure lan"');
  });

  it("for what the gateway announces is to put the gateway back", () => {
    const results = checkClient(clientEvidence(advertised(options.mtu())));
    expect(results.find(({ status }) => status === "fail")?.remedy).toBe(
      "npm run up -- --stack dev puts the gateway's files and services back.",
    );
  });
});

describe("a report", () => {
  const results: CheckResult[] = [
    { machine: "gateway", check: "every service runs", status: "pass", evidence: "all" },
    { machine: "client-1", check: "the fetch works", status: "fail", evidence: "timeout", remedy: "Look again." },
    { machine: "client-1", check: "pings work", status: "skipped", evidence: "no ICMP" },
  ];

  it("has one line a check, then what failed and what to do, then the count", () => {
    expect(formatReport(makeReport("lab/dev", results, []))).toBe(
      [
        "machine            check               seen",
        "gateway   ok       every service runs  all",
        "client-1  FAILED   the fetch works     timeout",
        "client-1  skipped  pings work          no ICMP",
        "",
        "client-1: not so: the fetch works.",
        "  Look again.",
        "lab/dev: 1 ok, 1 failed, 1 skipped",
      ].join("\n"),
    );
  });

  it("counts warnings where there are some, and says of each what to do", () => {
    const warning = {
      machine: "client-1",
      check: "DNS64",
      status: "warning",
      evidence: "IPv6",
      remedy: "Set it.",
    } as const;
    const lines = (all: readonly CheckResult[]) => formatReport(makeReport("lab/dev", all, [])).split("\n");
    expect(lines([...results, warning]).slice(-5)).toEqual([
      "client-1: not so: the fetch works.",
      "  Look again.",
      "client-1: worth a look: DNS64.",
      "  Set it.",
      "lab/dev: 1 ok, 1 failed, 1 warning, 1 skipped",
    ]);
    expect(lines([warning, warning]).at(-1)).toBe("lab/dev: 0 ok, 0 failed, 2 warnings, 0 skipped");
  });

  it("passes unless a check failed", () => {
    expect(makeReport("lab/dev", results, []).passed).toBe(false);
    expect(
      makeReport(
        "lab/dev",
        results.filter(({ status }) => status !== "fail"),
        [],
      ).passed,
    ).toBe(true);
  });

  it("tells when the last of the clients had its first byte", () => {
    const times = [new Date("2026-01-01T00:00:02Z"), new Date("2026-01-01T00:00:01Z")];
    expect(makeReport("lab/dev", results, times).firstByteAt).toBe("2026-01-01T00:00:02.000Z");
    expect(makeReport("lab/dev", results, [])).not.toHaveProperty("firstByteAt");
  });

  it("says of a machine that cannot be reached where its console is", () => {
    expect(unreachable("gateway", "127.0.0.1, port 22", "/g/console.log", "refused", "npm run up")).toMatchObject({
      check: "SSH reaches it at 127.0.0.1, port 22",
      status: "fail",
      evidence: "refused",
      remedy: expect.stringContaining("/g/console.log") as unknown,
    });
  });

  it("and that `up` does nothing for one that runs, but does for one that was ended", () => {
    const { remedy } = unreachable("gateway", "127.0.0.1, port 22", "/g/console.log", "refused", "npm run up");
    expect(remedy).toContain("npm run up powers on what has died, and leaves alone what runs.");
    expect(remedy).toContain("qemu.pid beside that file");
  });

  it("says of a machine that hangs what it was asked", () => {
    expect(silent("client-1", "/c/console.log", new Error("The command did not end within 60 s: bash"))).toMatchObject({
      check: "it answers what it is asked",
      status: "fail",
      evidence: "The command did not end within 60 s: bash",
      remedy: expect.stringContaining("/c/console.log") as unknown,
    });
  });
});

describe("a gateway whose uplink has IPv6", () => {
  const out = "forward: IPv6 of lan to the real internet";
  const nat66 = "postrouting: NAT66 of lan";
  const row = (ipv6: "native" | "nat66" | "none", change: GatewayChange, begin: string) => {
    const lab = labOf({ uplink: { kind: "nat", ipv6 } });
    return checkGateway(gatewayEvidence({ ...change, lab })).find(({ check }) => check.startsWith(begin));
  };
  const leaves = "clients' IPv6 leaves";

  it.each<[string, "native" | "nat66", Readonly<Record<string, number>>, string]>([
    ["what clients sent was forwarded and masqueraded", "nat66", { [out]: 3, [nat66]: 1 }, "pass"],
    ["it was forwarded as it is", "nat66", { [out]: 3 }, "fail"],
    ["nothing was forwarded", "nat66", {}, "fail"],
  ])("is looked at from the clients: %s", (_what, ipv6, after, status) => {
    expect(row(ipv6, { after }, leaves)?.status).toBe(status);
  });

  it("says which rule nothing has met", () => {
    expect(row("nat66", { after: { [out]: 3 } }, leaves)?.evidence).toBe(`nothing has met "${nat66}"`);
    expect(row("nat66", { spoke: [] }, leaves)?.status).toBe("skipped");
    expect(row("none", {}, leaves)).toBeUndefined();
  });

  it("has a default route there", () => {
    const begin = "its IPv6 default route";
    expect(row("nat66", {}, begin)).toMatchObject({ status: "pass", evidence: "fe80::2 dev uplink" });
    expect(row("nat66", { says: { uplink6: "[]" } }, begin)).toMatchObject({
      status: "fail",
      evidence: "no IPv6 default route",
    });
    expect(row("none", { says: { uplink6: "[]" } }, begin)).toBeUndefined();
  });
});
