import fc from "fast-check";
import { macAddress, type Nic } from "../../plan/identity";
import { addressInPrefix, eui64InterfaceId, parseInterfaceId } from "../../plan/interface-id";
import { containsAddress, formatIpv6, parseIpv6, parseIpv6Prefix } from "../../plan/prefix";

describe("an interface id", () => {
  it.each(["::1", "::10", "::d000", "::1:2:3:4", "::ffff:ffff:ffff:ffff", "::fdff:ffff:ffff:ff7f", "::fe00:0:0:0"])(
    "%s is accepted as it stands",
    (text) => {
      expect(formatIpv6(parseInterfaceId(text))).toBe(text);
    },
  );

  it.each([
    ["fc01:0:0:1::10", /upper half.*Write the lower 64 bits only: ::10/],
    ["::", /subnet-router anycast/],
    ["::fdff:ffff:ffff:ff80", /RFC 2526\)\. Write e\.g\. ::10$/],
    ["::fdff:ffff:ffff:ffff", /RFC 2526/],
    ["10", /fewer than eight groups, and no ::\. Write ::10$/],
    ["1:2:3:4", /Write ::1:2:3:4$/],
    ["gateway", /not an IPv6 address/],
  ])("%s is refused", (text, message) => {
    expect(() => parseInterfaceId(text)).toThrow(message);
  });

  it("of a MAC is its modified EUI-64 (RFC 4291 appendix A)", () => {
    expect(formatIpv6(eui64InterfaceId("34:56:78:9a:bc:de"))).toBe("::3656:78ff:fe9a:bcde");
    expect(formatIpv6(eui64InterfaceId("52:54:00:12:34:56"))).toBe("::5054:ff:fe12:3456");
  });

  it("put behind a /64 is an address inside it", () => {
    const prefix = parseIpv6Prefix("fc01:0:0:1::/64");
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }), (id) =>
        containsAddress(prefix, parseIpv6(addressInPrefix(prefix, id))),
      ),
    );
  });
});

describe("a MAC", () => {
  const nics: readonly Nic[] = ["uplink", "lan", "management"];

  it("is locally administered and unicast", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.string(), fc.constantFrom(...nics), (project, stack, machine, nic) => {
        expect(macAddress({ project, stack }, machine, nic)).toMatch(/^[0-9a-f][26ae](:[0-9a-f]{2}){5}$/);
      }),
    );
  });

  it("differs between projects, stacks, machines and NICs", () => {
    const all = ["p", "q"].flatMap((project) =>
      ["dev", "test"].flatMap((stack) =>
        ["gateway", "client-1"].flatMap((machine) => nics.map((nic) => macAddress({ project, stack }, machine, nic))),
      ),
    );
    expect(new Set(all).size).toBe(24);
  });
});
