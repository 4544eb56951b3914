/** What is looked at on a client with a CLAT (464XLAT). */
import { clatTranslates } from "../../plan/clat";
import { checkClient } from "../../verify/checks";
import type { CheckResult } from "../../verify/report";
import { allScenarios } from "../fixtures/plan";
import {
  type ClientChange,
  clientEvidence,
  labOf,
  onLan,
  own,
  session,
  type Texts,
  withClat,
  address,
} from "./fixtures";
import * as packets from "./packets";

const lab = labOf({ clients: [{ name: "client-1", clat: true }] });
const usual = { addresses: onLan(address(own.client)), routes4: "[]" };
const throughClat = `${session("TCP")}\n${session("TCP", { port: "47944" })}`;

/** A client whose CLAT works, but for what `change` says. */
function seen(change: ClientChange = {}): readonly CheckResult[] {
  return checkClient(
    clientEvidence({
      lab,
      says: withClat(usual),
      fetchedByIpv4: { fetch: "200 140421 198.51.100.7 47944 0.3" },
      overhears: { clat: ["open"] },
      translates: { sessionsTcp: throughClat },
      ...change,
    }),
  );
}

/** Everything that is not passed: its status, by the beginning of its sentence. */
function notPassed(results: readonly CheckResult[]): Readonly<Record<string, string>> {
  const odd = results.filter(({ status }) => status !== "pass");
  return Object.fromEntries(odd.map(({ check, status }) => [check.replace(/^((\S+ ){4}).*/, "$1").trim(), status]));
}

const rows = {
  interface: "the CLAT has an",
  content: "content comes from an",
  session: "Jool's session table shows",
  wire: "a connection through the",
  noIpv4: "there is no IPv4",
};

describe("a client with a CLAT", () => {
  it("passes when its CLAT has the address and the default route, and content came through it", () => {
    expect(notPassed(seen())).toEqual({});
    const titles = seen().map(({ check }) => check);
    expect(titles).toEqual(
      expect.arrayContaining([
        "there is no IPv4 address and no IPv4 route but the CLAT's",
        "the CLAT has an address of 192.0.0.0/29 (RFC 7335) and the IPv4 default route",
        "content comes from an IPv4 address through the CLAT",
        "Jool's session table shows the CLAT's connection",
        "a connection through the CLAT leaves the card as IPv6 alone",
      ]),
    );
  });

  it("passes with IPv6 addresses and other routes of the CLAT's card beside", () => {
    const { addresses, ...says } = withClat({ ...usual, routes4: '[{"dst":"192.0.0.0/29","dev":"clat"}]' });
    const link = JSON.stringify({ ifname: "clat", addr_info: [address("fe80::1", { scope: "link" })] });
    expect(notPassed(seen({ says: { ...says, addresses: addresses?.replace(/\]$/, `,${link}]`) ?? "" } }))).toEqual({});
  });

  it("shows the session of its own address as the evidence", () => {
    const row = seen().find(({ check }) => check === "Jool's session table shows the CLAT's connection");
    expect(row?.evidence).toBe(`${own.client}#47944 -> ${own.server} is 10.0.2.15#62415 -> 198.51.100.7#80`);
  });

  test.each<[string, ClientChange, Readonly<Record<string, string>>]>([
    ["has no CLAT", { says: usual }, { [rows.interface]: "fail" }],
    ["has an address outside RFC 7335's block", { says: withClat(usual, "192.0.0.8") }, { [rows.interface]: "fail" }],
    ["has no default route", { says: { ...withClat(usual), routes4: "[]" } }, { [rows.interface]: "fail" }],
    [
      "has a second address outside that block",
      {
        says: { ...withClat(withClat(usual, "192.0.0.8")), routes4: withClat(usual).routes4 ?? "" },
      },
      { [rows.interface]: "fail" },
    ],
    ["has no address", { says: { ...withClat(usual), addresses: usual.addresses } }, { [rows.interface]: "fail" }],
    [
      "has an IPv4 default route by its card too",
      { says: withClat({ ...usual, routes4: '[{"dst":"default","dev":"lan"}]' }) },
      { [rows.noIpv4]: "fail" },
    ],
    [
      "has IPv4 on its card too",
      {
        says: withClat({
          ...usual,
          addresses: onLan(address(own.client), { family: "inet", local: "192.168.1.2", scope: "global" }),
        }),
      },
      { [rows.noIpv4]: "fail" },
    ],
    [
      "has an IPv4 route on its card too",
      { says: withClat({ ...usual, routes4: '[{"dst":"192.168.1.0/24","dev":"lan"}]' }) },
      { [rows.noIpv4]: "fail" },
    ],
    [
      "gets nothing from an IPv4 address",
      { fetchedByIpv4: { fetch: "curl: (28) timed out 000 0  0 5.0" }, hears: { "host-a": [] } },
      // Nobody knows then whether the address is one that TAYGA refuses.
      {
        ...{ "programs are told of": "skipped", "DNS64 gives an address": "fail" },
        ...{ [rows.content]: "fail", [rows.session]: "fail", [rows.wire]: "fail" },
      },
    ],
    [
      "gets nothing from an IPv4 address that TAYGA takes",
      {
        fetchedByIpv4: { fetch: "curl: (28) timed out 000 0  0 5.0" },
        hears: { "host-a": [packets.dns(0, "9.9.9.9")], "host-aaaa": [packets.dns(0, "64:ff9b::909:909")] },
      },
      { [rows.content]: "fail", [rows.session]: "fail", [rows.wire]: "fail" },
    ],
    [
      "gets it by IPv6",
      { fetchedByIpv4: { fetch: `200 140421 ${own.server} 47944 0.3` } },
      { [rows.content]: "fail", [rows.session]: "fail", [rows.wire]: "fail" },
    ],
    [
      "has no IPv4 address to try",
      { fetchedByIpv4: undefined },
      { [rows.content]: "fail", [rows.session]: "fail", [rows.wire]: "fail" },
    ],
    ["is not in the session table with that port", { translates: {} }, { [rows.session]: "fail" }],
    ["sends IPv4 to the wire", { overhears: { clat: ["open"], "sent-ipv4": ["4500003c"] } }, { [rows.wire]: "fail" }],
    ["makes no second connection", { overhears: { clat: [] } }, { [rows.wire]: "skipped" }],
  ])("fails when it %s", (_what, change, expected) => {
    expect(notPassed(seen(change))).toMatchObject(expected);
    expect(Object.values(notPassed(seen(change)))).toHaveLength(Object.keys(expected).length);
  });

  it("cannot be told of through the well-known prefix where the content's address is not global", () => {
    // curl's words, and its exit code.
    const change = { exitCodes: { fetch: 7 }, fetchedByIpv4: { fetch: "curl: (7) no route 000 0   0.1" } };
    const odd = seen(change).filter(({ check }) => check.includes("CLAT") && !check.includes("7335"));
    expect(odd.filter(({ status }) => status === "skipped").map(({ evidence }) => evidence)).toEqual(
      Array.from(
        { length: 3 },
        () => "198.51.100.7: TAYGA takes no such address behind 64:ff9b::/96 (RFC 6052 section 3.1)",
      ),
    );
  });
});

describe("a client that has a CLAT, where none is to run,", () => {
  const both = withClat(usual);
  const row = (network: string, says: Texts) => {
    const elsewhere = labOf({ ...allScenarios, clients: [{ name: "client-1", network, clat: true }] });
    return checkClient(clientEvidence({ lab: elsewhere, says })).find(({ check }) => check.startsWith("no CLAT runs"));
  };

  it.each([
    ["dual", "no CLAT runs: the network has IPv4 of its own"],
    ["strict", "no CLAT runs: there is no translator to be found"],
  ])("is told why: on %s", (network, check) => {
    expect(row(network, usual)).toMatchObject({ check, status: "pass" });
  });

  it.each([
    ["runs it", both, "192.0.0.1 on clat; 1 default route"],
    ["has its address left", { ...both, routes4: "[]" }, "192.0.0.1 on clat; no default route"],
    ["has its route left", { ...both, addresses: usual.addresses }, "no address on clat; 1 default route"],
  ])("fails when it %s, with the way to its log", (_what, says, evidence) => {
    const failed = row("strict", says);
    expect(failed).toMatchObject({ status: "fail", evidence });
    expect(failed?.remedy).toContain("journalctl -b -u clatd");
  });
});

describe("TAYGA behind a NAT64 prefix", () => {
  it.each([
    ["64:ff9b::/96", "192.0.2.1", false],
    ["64:ff9b::/96", "10.1.2.3", false],
    ["64:ff9b::/96", "203.0.113.9", false],
    ["64:ff9b::/96", "9.9.9.9", true],
    ["2001:2:0:64::/96", "192.0.2.1", true],
  ])("%s translates %s: %s", (prefix, ipv4, translates) => {
    expect(clatTranslates(ipv4, prefix)).toBe(translates);
  });
});
