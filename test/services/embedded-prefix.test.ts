import fc from "fast-check";
import {
  containsAddress,
  formatIpv4,
  formatPrefix,
  parseIpv4Prefix,
  parseIpv6,
  parseIpv6Prefix,
} from "../../plan/prefix";
import { embedIpv4, nat64PrefixLengths } from "../../plan/rfc6052";
import { embeddedPrefix } from "../../services/embedded-prefix";

describe("the IPv6 prefix of an IPv4 prefix", () => {
  // RFC 6052 section 2.4, table 1, with the whole address as a prefix.
  it.each([
    ["2001:db8::/32", "2001:db8:c000:221::/64"],
    ["2001:db8:100::/40", "2001:db8:1c0:2:21::/80"],
    ["2001:db8:122::/48", "2001:db8:122:c000:2:2100::/88"],
    ["2001:db8:122:300::/56", "2001:db8:122:3c0:0:221::/96"],
    ["2001:db8:122:344::/64", "2001:db8:122:344:c0:2:2100:0/104"],
    ["2001:db8:122:344::/96", "2001:db8:122:344::c000:221/128"],
  ])("of 192.0.2.33 in %s is %s", (nat64, expected) => {
    expect(embeddedPrefix(nat64, "192.0.2.33/32")).toBe(expected);
  });

  it.each([
    ["64:ff9b::/96", "10.0.0.0/8", "64:ff9b::a00:0/104"],
    ["64:ff9b::/96", "0.0.0.0/0", "64:ff9b::/96"],
    ["2001:db8:1:2::/64", "0.0.0.0/0", "2001:db8:1:2::/64"],
    ["2001:db8::/40", "192.168.0.0/16", "2001:db8:c0:a800::/56"],
    ["2001:db8::/40", "192.168.128.0/24", "2001:db8:c0:a880::/64"],
    ["2001:db8::/40", "192.168.128.0/25", "2001:db8:c0:a880::/73"],
  ])("in %s of %s is %s", (nat64, ipv4, expected) => {
    expect(embeddedPrefix(nat64, ipv4)).toBe(expected);
  });

  it("holds an embedded address exactly when the IPv4 prefix holds the address", () => {
    const ipv4 = fc.bigInt({ min: 0n, max: 0xffff_ffffn });
    fc.assert(
      fc.property(
        fc.constantFrom(...nat64PrefixLengths),
        ipv4,
        fc.integer({ min: 0, max: 32 }),
        ipv4,
        fc.boolean(),
        (nat64Length, network, length, other, inside) => {
          const nat64 = `2001:db8::/${nat64Length}`;
          const hostBits = BigInt(32 - length);
          const prefix = { bits: 32, address: (network >> hostBits) << hostBits, length } as const;
          // Half of the addresses are in the prefix on purpose: by chance hardly any would be in a long one.
          const address = inside ? prefix.address | (other & ((1n << hostBits) - 1n)) : other;
          const found = parseIpv6Prefix(embeddedPrefix(nat64, formatPrefix(prefix)));
          const embedded = parseIpv6(embedIpv4(nat64, formatIpv4(address)));
          expect(containsAddress(found, embedded)).toBe(
            containsAddress(parseIpv4Prefix(formatPrefix(prefix)), address),
          );
        },
      ),
    );
  });
});
