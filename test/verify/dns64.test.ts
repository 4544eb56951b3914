/** What is told of DNS64 by what it makes of a name. */
import { checkClient } from "../../verify/checks";
import { clientEvidence, labOf, own } from "./fixtures";
import * as packets from "./packets";

const real = labOf({ uplink: { ipv6: "nat66" } });
const simulated = labOf({ internet: { kind: "simulated" }, lan: { prefix: "2001:2:0:1::/64" } });
const a = "198.51.100.7";

function row(lab: typeof real, aaaa: readonly string[], host = "mirror.example") {
  const hears = { "host-aaaa": [packets.dns(0, ...aaaa)], "host-a": [packets.dns(0, a)] };
  const results = checkClient(clientEvidence({ lab, hears, fetched: { url: `http://${host}/bytes` } }));
  const { status, evidence, remedy } = results.find(({ check }) => check.startsWith("DNS64 gives")) ?? {};
  return { verdict: `${status}: ${evidence}`, remedy };
}

describe("DNS64 that makes an address behind another prefix", () => {
  // RFC 6052 section 2.2: around the octet of bits 64 to 71.
  it.each([
    ["/32", "2001:db8:c633:6407::"],
    ["/40", "2001:db8:1c6:3364:7::"],
    ["/48", "2001:db8:122:c633:64:700::"],
    ["/56", "2001:db8:122:3c6:33:6407::"],
    ["/64", "2001:db8:122:344:c6:3364:700:0"],
    ["/96", "2001:db8:64::c633:6407"],
  ])("fails, and is not taken for the host's own IPv6: %s", (_length, address) => {
    for (const addresses of [[address], [own.server, address]]) {
      const { verdict, remedy } = row(real, addresses);
      expect(verdict).toBe(
        `fail: mirror.example: ${addresses.join(", ")}: synthesized with another prefix than 64:ff9b::/96`,
      );
      expect(remedy).toContain("puts the gateway's files and services back");
    }
  });
});

describe("an address that holds none of the host's", () => {
  it("is worth a warning where a host may have IPv6 of its own", () => {
    expect(row(real, ["2001:db8::7"]).verdict).toMatch(/^warning: .*it has IPv6 of its own/);
    expect(row(simulated, ["2001:db8::7"], "dualstack.test").verdict).toMatch(/^warning/);
    expect(row(simulated, ["2001:db8::7"], "mirror.example").verdict).toMatch(/^warning/);
  });

  it("fails where it is known to have none", () => {
    for (const host of ["v4only.test", "cdn.v4only.test"])
      expect(row(simulated, ["2001:db8::7"], host).verdict).toBe(`fail: ${host}: 2001:db8::7`);
  });
});
