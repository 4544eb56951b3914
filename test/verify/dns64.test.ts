/** What is told of DNS64 by what it makes of a name, and of who does not get to it. */
import { checkClient } from "../../verify/checks";
import { clientEvidence, labOf, own } from "./fixtures";
import * as packets from "./packets";

const real = labOf({ uplink: { ipv6: "nat66" } });
const simulated = labOf({ internet: { kind: "simulated" }, lan: { prefix: "2001:2:0:1::/64" } });
const simulatedPrefix = simulated.promised.nat64.prefix.replace(/\/96$/, "");
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

describe("an address that holds another IPv4 address than the one which is told", () => {
  const long = labOf({ nat64: { prefix: "2001:db8:1:1::/64" } });

  it("is as good where a host may serve from many, which are told in turn", () => {
    expect(row(real, ["64:ff9b::c633:6408"]).verdict).toBe("pass: mirror.example: 64:ff9b::c633:6408");
    expect(row(long, ["2001:db8:1:1:c6:3364:800:0"]).verdict).toBe("pass: mirror.example: 2001:db8:1:1:c6:3364:800:0");
  });

  it("is not where it is known which one the host has, or where more than an IPv4 address is in it", () => {
    expect(row(simulated, [`${simulatedPrefix}c633:6408`], "v4only.test").verdict).toMatch(/^fail: /);
    expect(row(long, ["2001:db8:1:1:c6:3364:800:1"]).verdict).toMatch(/^fail: /);
  });

  it("is not where the host is told to have none", () => {
    const hears = { "host-aaaa": [packets.dns(0, "64:ff9b::c633:6408")], "host-a": [packets.dns(0)] };
    const rows = checkClient(clientEvidence({ lab: real, hears, fetched: { url: "http://mirror.example/bytes" } }));
    expect(rows.find(({ check }) => check.startsWith("DNS64 gives"))?.status).toBe("fail");
  });
});

describe("a client that does not get to the resolver", () => {
  const nowhere = ["error Network is unreachable"];
  const names = ["ipv4only", "ipv4only-tcp", "host-aaaa", "host-a", "fresh"];

  it("has asked nobody: neither unbound nor the forwarders are to blame", () => {
    const hears = Object.fromEntries(names.map((name) => [name, nowhere]));
    const rows = checkClient(clientEvidence({ lab: real, hears }));
    const row = (begin: string) => rows.find(({ check }) => check.startsWith(begin));
    for (const begin of ["ipv4only.arpa leads", "DNS64 gives", "the resolver finds out"]) {
      expect(row(begin)?.status).toBe("fail");
      expect(row(begin)?.evidence).toMatch(/Network is unreachable$/);
    }
    expect(row("ipv4only.arpa leads")?.remedy).toMatch(/^The client itself does not get to the resolver/);
    expect(row("the resolver finds out")?.remedy).not.toContain("forwarders");
  });
});

describe("SSH on the gateway", () => {
  const told = (hears: Readonly<Record<string, readonly string[]>>) =>
    checkClient(clientEvidence({ lab: real, hears })).find(({ check }) => check.startsWith("SSH on the gateway"));
  const nowhere = ["error at once Network is unreachable"];

  it("is tried in vain where no way leads to its own doors, not where none leads to other networks", () => {
    expect(told({ ssh: nowhere })?.status).toBe("skipped");
    expect(told({ "ssh-elsewhere": nowhere })?.status).toBe("pass");
    expect(told({ "ssh-elsewhere": ["open"] })?.status).toBe("fail");
  });
});
