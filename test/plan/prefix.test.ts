import { isIPv6 } from "node:net";
import fc from "fast-check";
import {
  AddressError,
  containsAddress,
  formatIpv6,
  formatPrefix,
  lastAddress,
  overlap,
  parseIpv4,
  parseIpv4Prefix,
  parseIpv6,
  parseIpv6Prefix,
  subtractPrefix,
  type Prefix,
} from "../../plan/prefix";

const ipv6Number = fc.bigInt({ min: 0n, max: (1n << 128n) - 1n });
const shortIpv6Number = fc
  .array(fc.constantFrom<bigint[]>(0n, 0n, 0n, 1n, 0xffn, 0xffffn), { minLength: 8, maxLength: 8 })
  .map((groups) => groups.reduce((number, group) => (number << 16n) | group, 0n));
const ipv4Prefix = fc
  .tuple(fc.bigInt({ min: 0n, max: 0xffff_ffffn }), fc.integer({ min: 0, max: 32 }))
  .map(([number, length]): Prefix => {
    const hostBits = BigInt(32 - length);
    return { bits: 32, length, address: (number >> hostBits) << hostBits };
  });

describe("the text of an IPv6 address", () => {
  it.each([
    ["2001:DB8::1", "2001:db8::1"],
    ["2001:0db8:0000:0000:0000:0000:0002:0001", "2001:db8::2:1"],
    ["2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
    ["2001:0:0:1:0:0:0:1", "2001:0:0:1::1"],
    ["2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
    ["64:ff9b::192.0.2.33", "64:ff9b::c000:221"],
    ["fc01:0:0:1:0:0:0:1", "fc01:0:0:1::1"],
    ["0:0:0:0:0:0:0:0", "::"],
    ["0:0:0:0:0:0:0:1", "::1"],
    ["1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"],
  ])("%s becomes %s (RFC 5952)", (text, canonical) => {
    expect(formatIpv6(parseIpv6(text))).toBe(canonical);
  });

  it("is the one that the URL standard writes, for every address", () => {
    fc.assert(
      fc.property(fc.oneof(ipv6Number, shortIpv6Number), (number) => {
        expect(`[${formatIpv6(number)}]`).toBe(new URL(`http://[${formatIpv6(number)}]/`).hostname);
      }),
    );
  });

  it("is read back as the same number", () => {
    fc.assert(fc.property(fc.oneof(ipv6Number, shortIpv6Number), (number) => parseIpv6(formatIpv6(number)) === number));
  });

  it("is refused exactly when Node refuses it", () => {
    const garbled = fc
      .array(fc.constantFrom(":", "::", "0", "1", "fc01", "ffff", "10000", "g", " ", "1.2.3.4", "."))
      .map((parts) => parts.join(""));
    fc.assert(
      fc.property(garbled, (text) => {
        const accepted = () => parseIpv6(text);
        if (isIPv6(text)) expect(accepted).not.toThrow();
        else expect(accepted).toThrow(AddressError);
      }),
      { numRuns: 2000 },
    );
  });

  it("must not name a zone", () => {
    expect(() => parseIpv6("fe80::1%eth0")).toThrow(/names a zone.*Leave out %eth0$/);
    expect(() => parseIpv6Prefix("fe80::1%eth0/64")).toThrow(/names a zone.*Leave out %eth0$/);
  });
});

describe("the text of an IPv4 address", () => {
  it.each(["1.2.3", "1.2.3.4.5", "256.1.1.1", "010.0.0.1", "1.2.3.4 ", "", "a.b.c.d"])("%j is refused", (text) => {
    expect(() => parseIpv4(text)).toThrow(AddressError);
  });
});

describe("a prefix", () => {
  it.each([
    ["FC01:0:0:1::/64", "fc01:0:0:1::/64"],
    ["::/0", "::/0"],
    ["2001:db8::1/128", "2001:db8::1/128"],
  ])("%s is written %s", (text, canonical) => {
    expect(formatPrefix(parseIpv6Prefix(text))).toBe(canonical);
  });

  it("with host bits is refused, and the message holds the prefix to write", () => {
    expect(() => parseIpv6Prefix("fc01:0:0:1::5/64")).toThrow(/Write fc01:0:0:1::\/64$/);
    expect(() => parseIpv4Prefix("10.1.2.3/8")).toThrow(/Write 10\.0\.0\.0\/8$/);
  });

  it.each(["fc01::", "fc01::/129", "fc01::/064", "fc01::/-1", "fc01::/", "fc01::/64/64", "/64"])(
    "%s is refused",
    (text) => {
      expect(() => parseIpv6Prefix(text)).toThrow(AddressError);
    },
  );

  it.each([
    ["fc01", parseIpv6, "is not an IPv6 address. Write one as in RFC 4291, e.g. fc01:0:0:1::1"],
    ["256.1.1.1", parseIpv4, "is not an IPv4 address. Write four decimal numbers from 0 to 255, e.g. 192.0.2.1"],
    ["fc01::", parseIpv6Prefix, "is not a prefix: it has no length. Write it with its length, e.g. fc01::/64"],
    ["fc01::/64/64", parseIpv6Prefix, "is not an IPv6 prefix. Write it with one slash, e.g. fc01::/64"],
    ["10.0.0.0/8/8", parseIpv4Prefix, "is not an IPv4 prefix. Write it with one slash, e.g. 192.0.2.0/24"],
    [
      "fc01::/129",
      parseIpv6Prefix,
      'has the length "129", which is not a number from 0 to 128. Write the prefix length in bits, e.g. /64',
    ],
    [
      "10.0.0.0/1000",
      parseIpv4Prefix,
      'has the length "1000", which is not a number from 0 to 32. Write the prefix length in bits, e.g. /64',
    ],
    [
      "10.1.2.3/8",
      parseIpv4Prefix,
      "has bits set behind the first 8: it is a host in that prefix, not the prefix. Write 10.0.0.0/8",
    ],
  ] as const)("or address that is none is told why, and what to write: %s", (text, read, message) => {
    expect(() => read(text)).toThrow(new Error(message));
  });

  it("of IPv4 without a length is a single address", () => {
    expect(formatPrefix(parseIpv4Prefix("192.0.2.1"))).toBe("192.0.2.1/32");
  });

  it("overlaps another exactly when one holds an end of the other", () => {
    fc.assert(
      fc.property(ipv4Prefix, ipv4Prefix, (one, other) => {
        const meet = one.address <= lastAddress(other) && other.address <= lastAddress(one);
        return overlap(one, other) === meet;
      }),
    );
  });

  it("minus another one covers exactly what is in the first and not in the second, without overlaps", () => {
    const near = fc.tuple(ipv4Prefix, fc.bigInt({ min: 0n, max: 0xffff_ffffn }), fc.integer({ min: 0, max: 32 }));
    fc.assert(
      fc.property(near, fc.bigInt({ min: 0n, max: 0xffff_ffffn }), ([from, offset, length], probe) => {
        const size = lastAddress(from) - from.address + 1n;
        const hostBits = BigInt(32 - length);
        const hole: Prefix = { bits: 32, length, address: ((from.address + (offset % size)) >> hostBits) << hostBits };
        const rest = subtractPrefix(from, hole);
        for (const address of [from.address, lastAddress(from), hole.address, lastAddress(hole), probe]) {
          const expected = containsAddress(from, address) && !containsAddress(hole, address);
          expect(rest.filter((each) => containsAddress(each, address))).toHaveLength(expected ? 1 : 0);
        }
      }),
    );
  });
});
