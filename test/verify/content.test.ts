import { checkClient } from "../../verify/checks";
import { type ClientChange, clientEvidence, labOf, own, withClat, clientSays } from "./fixtures";
import { allScenarios } from "../fixtures/plan";
import * as packets from "./packets";

/** The row that begins so. */
function row(change: ClientChange, beginning: string) {
  return checkClient(clientEvidence(change)).find(({ check }) => check.startsWith(beginning));
}

const noName = "curl: (6) Could not resolve host: mirror.example 000 0  -1 0.0";
const atAddress = { fetch: `200 140421 ${own.server} 47942 0.2` };

describe("content through DNS64 and NAT64", () => {
  const title = "IPv4-only content comes over HTTP through DNS64";

  it("comes by its name or not at all: that an address that was told to the client works is a hint", () => {
    const change = { fetched: { fetch: noName }, exitCodes: { fetch: 6 }, fetchedAtAddress: atAddress };
    expect(row(change, title)).toMatchObject({
      status: "fail",
      evidence: `by its name: ${noName}; at the address that DNS64 owes it: from ${own.server} it comes`,
    });
    const nothing = { ...change, fetchedAtAddress: { fetch: "curl: (28) timed out 000 0  0 5.0" } };
    expect(row(nothing, title)?.evidence).toBe(
      `by its name: ${noName}; at the address that DNS64 owes it: curl: (28) timed out 000 0  0 5.0`,
    );
    const elsewhere = { fetched: { fetch: "200 5 192.0.2.9 47942 0.1" }, fetchedAtAddress: atAddress };
    expect(row(elsewhere, title)?.status).toBe("fail");
  });

  it("is judged at that address where the name has IPv6 of its own, by which it came", () => {
    const native = "2001:db8::7";
    const change = {
      lab: labOf({ uplink: { ipv6: "nat66" } }),
      fetched: { fetch: `200 140421 ${native} 47941 0.2` },
      fetchedAtAddress: atAddress,
    };
    const hears = { "host-aaaa": [packets.dns(0, native, own.server)] };
    expect(row({ ...change, hears }, title)?.status).toBe("pass");
    expect(row({ ...change, hears, fetchedAtAddress: { fetch: "000 0  0 5.0" } }, title)?.status).toBe("fail");
    expect(row(change, title)?.status).toBe("fail");
  });

  it("is judged at that address where a CLAT was faster", () => {
    const lab = labOf({ clients: [{ name: "client-1", clat: true }] });
    const change = {
      fetched: { fetch: "200 140421 198.51.100.7 47941 0.2" },
      fetchedAtAddress: atAddress,
      says: withClat(clientSays),
    };
    expect(row({ ...change, lab }, title)?.status).toBe("pass");
    expect(row(change, title)?.status).toBe("fail");
  });
});

describe("Jool's session of the content's connection", () => {
  const title = "Jool's session table shows the connection";

  it("is not asked for where no connection came about that was to be translated", () => {
    for (const fetch of [noName, "200 140421 2001:db8::7 47942 0.2"])
      expect(row({ fetched: { fetch }, translates: { sessionsTcp: "" } }, title)).toMatchObject({
        status: "skipped",
        evidence: "no content came, so there is no connection",
      });
  });

  it("is missed where one came about, whatever was said by it", () => {
    const change = { fetched: { fetch: `404 0 ${own.server} 47942 0.1` }, translates: { sessionsTcp: "" } };
    expect(row(change, title)?.status).toBe("fail");
  });
});

describe("the remedy where no content comes", () => {
  const title = "IPv4-only content comes over HTTP";
  const remedy = (change: ClientChange) =>
    row({ ...change, fetched: { ...change.fetched, fetch: noName }, exitCodes: { fetch: 6 } }, title)?.remedy;
  const url = "http://v4only.test/bytes";
  const simulated = (network: string) =>
    labOf({ ...allScenarios, internet: { kind: "simulated" }, clients: [{ name: "client-1", network }] });

  it("is another URL where this machine cannot fetch it either, and can be asked to", () => {
    expect(remedy({})).toMatch(/can this machine itself fetch http:\/\/mirror.example\/.*set verify.url/);
    const both = labOf({ internet: { kind: "both" } });
    expect(remedy({ lab: both })).toMatch(/set verify.url/);
    expect(remedy({ lab: labOf(), fetched: { url } })).toMatch(/set verify.url/);
  });

  it("is a look at the client itself where no machine outside the lab finds that name", () => {
    const hears = { "host-a": [packets.dns(0, "192.0.2.40")] };
    const words = (network: string, more: ClientChange = {}) =>
      remedy({ lab: simulated(network), fetched: { url }, hears, ...more });
    const shell = (to: string) =>
      `npm run ssh -- --stack dev client-1 "${to}; ip rule; ip -6 rule; ip neigh; sudo nft list ruleset"`;
    expect(words("nat64")).toContain(shell("ip -6 route get 2001:2:0:64::c000:228"));
    expect(words("dual")).toContain(shell("ip route get 192.0.2.40"));
    expect(words("nat64", { hears: { "host-a": [] } })).toContain(shell("ip route; ip -6 route"));
    expect(words("nat64")).not.toContain("verify.url");
    expect(remedy({ lab: labOf({ internet: { kind: "both" } }), fetched: { url }, hears })).not.toContain("verify.url");
  });
});
