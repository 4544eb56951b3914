import { redact, redaction } from "../../report/redact";

const own = {
  lan: ["fc01:0:0:1::/64", "2001:2:0:aab1::/64"],
  nat64: "2001:2:0:64::/96",
  outside: ["203.0.113.8/30", "198.51.100.9/32"],
};

describe("a report without the user's own addresses", () => {
  it.each([
    ["before a colon", "64 bytes from fc01:0:0:1::1: icmp_seq=1", "64 bytes from [own IPv6]: icmp_seq=1"],
    ["in full before a colon", "from fc01:0:0:1:0:0:0:1: gone", "from [own IPv6]: gone"],
    ["before a port", "to fc01:0:0:1:0:0:0:1:443", "to [own IPv6]:443"],
    ["of a lab that looks global", "From 2001:2:0:aab1::1: unreachable", "From [own IPv6]: unreachable"],
    ["behind a word", "src:fd12:3456::1 dst=fd12:3456::2", "src:[own IPv6] dst=[own IPv6]"],
    ["behind a word of hexadecimal digits", "dead:fd12:3456::1", "dead:[own IPv6]"],
    ["behind a colon", "at :fd12::1 it", "at :[own IPv6] it"],
    ["in full behind a word", "node:fd00:1:2:3:4:5:6:7", "node:[own IPv6]"],
    ["behind the well-known prefix", "dials [64:ff9b::c0a8:105]:80", "dials [[own IPv4 in 64:ff9b::/96]]:80"],
    ["behind the lab's", "2001:2:0:64::a00:5", "[own IPv4 in 2001:2:0:64::/96]"],
    ["that is mapped", "::ffff:a00:5", "[own IPv4 in ::ffff:0:0/96]"],
    ["mapped, with dots", "::ffff:10.0.0.5", "::ffff:[own IPv4]"],
    ["inside a word", "host_192.168.1.5_backup", "host_[own IPv4]_backup"],
    ["at a sentence's end", "It is 192.168.1.5.", "It is [own IPv4]."],
    ["behind three dots", "connecting...10.0.0.5", "connecting...[own IPv4]"],
    ["with a zone", "fe80::1%lan", "[own IPv6]%lan"],
    ["behind an escape", "printer\\x09192.168.17.50 \\x09fd00::1", "printer\\x09[own IPv4] \\x09[own IPv6]"],
    ["outside", "is 203.0.113.9#61001, 198.51.100.9#80", "is [own IPv4]#61001, [own IPv4]#80"],
    ["inside the lab's prefix, of those outside", "2001:2:0:64::cb00:7109", "[own IPv4 in 2001:2:0:64::/96]"],
    ["read backwards", "PTR of 50.17.168.192.in-addr.arpa", "PTR of [own IPv4].in-addr.arpa"],
    ["of a zone read backwards", "17.168.192.IN-ADDR.ARPA.", "[own IPv4].in-addr.arpa."],
    [
      "in nibbles, backwards",
      "b.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.6.5.4.3.2.1.d.f.ip6.arpa",
      "[own IPv6].ip6.arpa",
    ],
  ])("has none %s", (_where, text, clean) => {
    expect(redact(text, own)).toBe(clean);
  });

  it.each([
    "203.0.113.80, 2001:db8:2::5, 64:ff9b::c633:6407, 2001:2:0:64::c000:228",
    "at 12:30:45, version 1.10.0.0.5, 8a:71:1e:21:42:7e",
    "2001:db8:fc00::1 and 3fff:10:0:32:fd00:0:0:1",
    "80.113.0.203.in-addr.arpa, 10.0.113.203.in-addr.arpa, 8.b.d.0.1.0.0.2.ip6.arpa",
  ])("keeps what is no address of his: %s", (text) => {
    expect(redact(text, own)).toBe(text);
  });

  it("has none in a JSON document, whatever stands before it there as an escape", () => {
    const evidence = 'printer.test.\tA\t192.168.1.5\n10.0.0.5\n\bfd00::1\tfd00::2 "fe80::1"';
    const document = redaction(own).json({ rows: [{ evidence, status: "pass" }], count: 1 });
    expect(JSON.parse(document)).toEqual({
      rows: [
        {
          evidence: 'printer.test.\tA\t[own IPv4]\n[own IPv4]\n\b[own IPv6]\t[own IPv6] "[own IPv6]"',
          status: "pass",
        },
      ],
      count: 1,
    });
  });

  it("is left as it is where nothing is to be left out", () => {
    const { text, json } = redaction(undefined);
    expect(text("at fd00::1")).toBe("at fd00::1");
    expect(JSON.parse(json({ at: "fd00::1" }))).toEqual({ at: "fd00::1" });
    expect(redaction(own).text("at fd00::1")).toBe("at [own IPv6]");
  });
});
