import { checkClient } from "../../verify/checks";
import { type ClientChange, clientEvidence, labOf, own, withClat, clientSays } from "./fixtures";
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
