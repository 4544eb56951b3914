import fc from "fast-check";
import { formatIpv4, formatIpv6, formatPrefix, parseIpv6, parseIpv6Prefix } from "../../plan/prefix";
import { embedIpv4, extractIpv4, nat64PrefixLengths, parseNat64Prefix } from "../../plan/rfc6052";

const uOctet = 0xffn << 56n;

const nat64Prefix = fc
  .tuple(fc.bigInt({ min: 0n, max: (1n << 128n) - 1n }), fc.constantFrom(...nat64PrefixLengths))
  .map(([number, length]) => {
    const hostBits = BigInt(128 - length);
    return formatPrefix({ bits: 128, length, address: ((number & ~uOctet) >> hostBits) << hostBits });
  });
const ipv4 = fc.bigInt({ min: 0n, max: 0xffff_ffffn }).map(formatIpv4);

describe("the examples of RFC 6052 section 2.4", () => {
  const examples = [
    ["2001:db8::/32", "2001:db8:c000:221::"],
    ["2001:db8:100::/40", "2001:db8:1c0:2:21::"],
    ["2001:db8:122::/48", "2001:db8:122:c000:2:2100::"],
    ["2001:db8:122:300::/56", "2001:db8:122:3c0:0:221::"],
    ["2001:db8:122:344::/64", "2001:db8:122:344:c0:2:2100::"],
    ["2001:db8:122:344::/96", "2001:db8:122:344::192.0.2.33"],
    ["64:ff9b::/96", "64:ff9b::192.0.2.33"],
  ] as const;

  it.each(examples)("192.0.2.33 behind %s is %s", (prefix, address) => {
    expect(embedIpv4(prefix, "192.0.2.33")).toBe(formatIpv6(parseIpv6(address)));
  });

  it.each(examples)("behind %s, %s holds 192.0.2.33", (prefix, address) => {
    expect(extractIpv4(prefix, address)).toBe("192.0.2.33");
  });
});

it("embeds the destination that the original lab's session table showed", () => {
  expect(embedIpv4("64:ff9b::/96", "183.79.249.252")).toBe("64:ff9b::b74f:f9fc");
});

describe("embedding", () => {
  it("is undone by extracting, for every prefix and IPv4 address", () => {
    fc.assert(
      fc.property(nat64Prefix, ipv4, (prefix, address) => {
        expect(extractIpv4(prefix, embedIpv4(prefix, address))).toBe(address);
      }),
    );
  });

  it("stays inside the prefix and leaves bits 64 to 71 zero", () => {
    fc.assert(
      fc.property(nat64Prefix, ipv4, (prefix, address) => {
        const embedded = parseIpv6(embedIpv4(prefix, address));
        const { address: start, length } = parseIpv6Prefix(prefix);
        expect(embedded & uOctet).toBe(0n);
        expect(embedded >> BigInt(128 - length)).toBe(start >> BigInt(128 - length));
      }),
    );
  });

  it("gives different addresses to different destinations", () => {
    fc.assert(
      fc.property(nat64Prefix, ipv4, ipv4, (prefix, one, other) => {
        expect(embedIpv4(prefix, one) === embedIpv4(prefix, other)).toBe(one === other);
      }),
    );
  });
});

describe("a NAT64 prefix", () => {
  it.each([0, 24, 33, 63, 72, 95, 97, 128])("of length %i is refused", (length) => {
    expect(() => parseNat64Prefix(`::/${length}`)).toThrow(/32, 40, 48, 56, 64 or 96 bits/);
  });

  it("with bits 64 to 71 set is refused, and the message holds the prefix without them", () => {
    expect(() => parseNat64Prefix("2001:db8:1:2:ab12::/96")).toThrow(/bits 64 to 71.*Write 2001:db8:1:2:12::\/96$/);
  });

  it("must hold the address that is extracted from it", () => {
    expect(() => extractIpv4("64:ff9b::/96", "2001:db8::1")).toThrow(/not inside 64:ff9b::\/96/);
  });
});
