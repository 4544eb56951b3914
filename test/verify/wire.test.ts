import { plannedAdvertisement, readAdvertisement } from "../../verify/wire/advertisement";
import { informationRequest, readDhcpv6, solicit } from "../../verify/wire/dhcpv6";
import { dnsQuestion, readDnsAnswer } from "../../verify/wire/dns";
import { discardFrame, discardFrameIpv4, neighbourSolicitation, routerSolicitation } from "../../verify/wire/packets";
import { labOf, networkIn, own } from "./fixtures";
import * as packets from "./packets";

const { options } = packets;

/** As radvd sent it in a lab. */
const recorded =
  "6009780700683afffe80000000000000581f79fffe3f4b03fe8000000000000088711efffe21427e860009594040001e000000000000000003" +
  "0440e0000151800000384000000000fc010000000000010000000000000001260200200064ff9b00000000000000001903000000" +
  "00001efc01000000000001000000000000000105010000000005dc01015a1f793f4b03";

describe("a router advertisement", () => {
  it("is read as radvd sends it, and says what the plan says", () => {
    const { router, says } = readAdvertisement(recorded) ?? {};
    expect(router).toBe(own.router);
    expect(says).toEqual(plannedAdvertisement(networkIn(labOf())));
    expect(says).toEqual([
      "MTU 1500",
      "PREF64 64:ff9b::/96 for 32 s",
      "RDNSS fc01:0:0:1::1 for 30 s",
      "prefix fc01:0:0:1::1/64 LAR, valid 86400 s, preferred 14400 s",
      "router lifetime 30 s, M=0 O=1",
    ]);
  });

  it("says too what no lab is planned with: it would not be what was planned", () => {
    const says = (...of: Parameters<typeof packets.advertisement>) =>
      readAdvertisement(packets.advertisement(...of))?.says;
    const usual = says([]);
    expect(usual).toEqual(["router lifetime 30 s, M=0 O=1"]);
    expect(says([], { clients: "02", flags: "58", timers: "0000000100000002" })).toEqual([
      "hop limit 2",
      "preference low",
      "reachable time 1 ms",
      "retransmission timer 2 ms",
      "router lifetime 30 s, M=0 O=1",
    ]);
    expect(says(["1801400000000e10", "0701000000001388"])).toEqual([
      "a route of its own (RFC 4191)",
      "option 7",
      "router lifetime 30 s, M=0 O=1",
    ]);
  });

  it("is planned with all that the configuration asks for", () => {
    const lab = labOf({
      dns: { searchDomains: ["lab.example", "example.org"] },
      dhcpv6: { mode: "stateful" },
      nat64: { prefix: "2001:db8:64::/56" },
      routerAdvertisements: { prefix: { routerAddress: false, onLink: false, autonomous: false } },
    });
    const all = [
      options.prefix("fc01:0:0:1::", "00"),
      options.pref64("2001:db8:64::", 32, 2),
      options.rdnss(),
      options.dnssl(30, "lab.example", "example.org"),
      options.mtu(),
    ];
    expect(readAdvertisement(packets.advertisement(all, { flags: "c0" }))?.says).toEqual(
      plannedAdvertisement(networkIn(lab)),
    );
  });

  it("has no PREF64 where that is off", () => {
    const lab = labOf({ routerAdvertisements: { pref64: false } });
    const all = [options.prefix(), options.rdnss(), options.mtu()];
    expect(readAdvertisement(packets.advertisement(all))?.says).toEqual(plannedAdvertisement(networkIn(lab)));
  });

  it("says nothing of what it withdraws", () => {
    const all = [
      options.prefix("2001:db8::", "00", 0, 0),
      options.rdnss(0, "2001:db8::53"),
      options.dnssl(0, "old.example"),
      options.pref64("2001:db8:64::", 0),
    ];
    expect(readAdvertisement(packets.advertisement(all))?.says).toEqual(["router lifetime 30 s, M=0 O=1"]);
  });

  it("is told apart by each flag and each length of a NAT64 prefix", () => {
    const flags = ["80", "40", "20"].map((each) =>
      readAdvertisement(packets.advertisement([options.prefix("::", each)])),
    );
    expect(flags.map((each) => / (\S+),/.exec(each?.says[0] ?? "")?.[0])).toEqual([" L,", " A,", " R,"]);
    const lengths = [0, 1, 2, 3, 4, 5, 6].map((code) =>
      readAdvertisement(packets.advertisement([options.pref64("2001:db8::", 8, code)])),
    );
    expect(lengths.map((each) => /\/(\S+) for 8 s/.exec(each?.says[0] ?? "")?.[1])).toEqual([
      "96",
      "64",
      "56",
      "48",
      "40",
      "32",
      "?",
    ]);
  });

  test.each([
    ["that was forwarded by somebody", packets.advertisement([], { hopLimit: 254 })],
    ["of another type", packets.advertisement([], { type: "85" })],
    ["of another code", packets.advertisement([], { code: "01" })],
    ["that is cut short", recorded.slice(0, -20)],
    ["with an option of no length", packets.advertisement(["0500"])],
    ["with an unknown option of no length", packets.advertisement(["ff00"])],
  ])("%s is none", (_what, packet) => {
    expect(readAdvertisement(packet)).toBeUndefined();
  });
});

describe("a DHCPv6 answer", () => {
  it("is read with its server, options and addresses", () => {
    const answer = packets.dhcpv6("advertise", {
      dns: [own.gateway, "2001:db8::53"],
      domains: ["lab.example", "example.org"],
      addresses: ["fc01:0:0:1::d000"],
    });
    expect(readDhcpv6(answer)).toEqual({
      server: own.router,
      kind: "advertise",
      addresses: ["fc01:0:0:1::d000"],
      dnsServers: [own.gateway, "2001:db8::53"],
      searchDomains: ["lab.example", "example.org"],
    });
  });

  test.each([
    ["to somebody else's question", packets.dhcpv6("reply", { transaction: "000001" })],
    ["of another kind", packets.dhcpv6("relay")],
    ["that is cut short", packets.dhcpv6("reply", { dns: [own.gateway] }).slice(0, -2)],
  ])("%s is none", (_what, packet) => {
    expect(readDhcpv6(packet)).toBeUndefined();
  });

  it("is asked for by a client that nobody knows", () => {
    const asked = "00010012" + "0004" + Buffer.from("ipv6-only-lab---").toString("hex") + "0006000400170018";
    expect(informationRequest()).toBe(`0b6c6162${asked}`);
    expect(solicit()).toBe(`016c6162${asked}0003000c000000010000000000000000`);
  });
});

describe("a DNS answer", () => {
  it("is read with its addresses, whatever else stands before them", () => {
    expect(readDnsAnswer(packets.dns(0, own.server, "198.51.100.7"))).toEqual({
      rcode: 0,
      addresses: [own.server, "198.51.100.7"],
    });
    expect(readDnsAnswer(packets.dns(5))).toEqual({ rcode: 5, addresses: [] });
  });

  it("that is cut short is none", () => {
    expect(readDnsAnswer(packets.dns(0, own.server).slice(0, -2))).toBeUndefined();
  });

  it("is asked for with the RD bit, and may be of 1232 octets", () => {
    const [head, opt] = ["6c6101000001000000000001", "00002904d0000000000000"];
    expect(dnsQuestion("a.example", "AAAA")).toBe(`${head}0161076578616d706c6500001c0001${opt}`);
    expect(dnsQuestion("a.example.", "A")).toBe(`${head}0161076578616d706c650000010001${opt}`);
  });
});

describe("a frame", () => {
  const cards = { from: own.clientMac, to: own.routerMac };

  it("of a neighbour solicitation is the one that Linux answers", () => {
    // The packet as it came back to its sender in a lab.
    expect(neighbourSolicitation(own.clientMac, own.clientLinkLocal, own.client)).toBe(
      "3333ff21427e8a711e21427e86dd6000000000203afffe8000000000000088711efffe21427eff0200000000000000000001ff21427e" +
        "8700814900000000fc0100000000000188711efffe21427e01018a711e21427e",
    );
  });

  it("of a router solicitation goes to all routers", () => {
    const frame = routerSolicitation(own.clientMac, own.clientLinkLocal);
    expect(frame).toMatch(/^3333000000028a711e21427e86dd6000000000103afffe80/);
    expect(frame).toMatch(/ff0200000000000000000000000000028500....0000000001018a711e21427e$/);
    expect(onesComplement(icmpv6WithPseudoHeader(frame))).toBe(0xffff);
  });

  it("of a datagram has checksums that are right", () => {
    const frame = discardFrame(cards, { source: own.client, destination: own.server }, 50_000);
    expect(frame).toMatch(/^5a1f793f4b038a711e21427e86dd6000000000151140fc01/);
    expect(frame).toMatch(/c35000090015....697076362d6f6e6c792d6c6162$/);
    expect(onesComplement(icmpv6WithPseudoHeader(frame))).toBe(0xffff);
  });

  it("of a datagram never goes without a checksum, whatever port it comes from", () => {
    const addresses = { source: own.client, destination: own.server };
    const checksum = (port: number): number =>
      parseInt(/00090015(....)697076362d/.exec(discardFrame(cards, addresses, port))?.[1] ?? "", 16);
    const sum = 50_000 + checksum(50_000);
    // Its checksum comes out as zero, which means none.
    const port = (sum % 0x10000) + Math.floor(sum / 0x10000);
    expect(checksum(port)).toBe(0xffff);
  });

  it("of an IPv4 datagram has a header that is right", () => {
    const frame = discardFrameIpv4(cards, { source: "192.0.2.1", destination: "192.0.2.2" });
    expect(frame).toMatch(/^5a1f793f4b038a711e21427e080045000029000000004011....c0000201c0000202000900090015/);
    expect(onesComplement(frame.slice(28, 28 + 40))).toBe(0xffff);
  });
});

/** The pseudo-header and what is behind the IPv6 header of an Ethernet frame (RFC 8200 section 8.1). */
function icmpv6WithPseudoHeader(frame: string): string {
  const packet = frame.slice(28);
  const [length, protocol] = [packet.slice(8, 12), packet.slice(12, 14)];
  return `${packet.slice(16, 80)}0000${length}000000${protocol}${packet.slice(80)}`;
}

function onesComplement(text: string): number {
  const words = text.padEnd(Math.ceil(text.length / 4) * 4, "0").match(/.{4}/g) ?? [];
  const sum = words.reduce((total, word) => total + parseInt(word, 16), 0);
  return (sum % 0x10000) + Math.floor(sum / 0x10000);
}
