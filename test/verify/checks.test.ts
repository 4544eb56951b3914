import { checkClient, checkGateway, type ClientEvidence } from "../../verify/checks";
import { readClientFacts } from "../../verify/client-facts";
import { readServices, readTranslations } from "../../verify/gateway-facts";
import { type CheckResult, formatReport, makeReport } from "../../verify/report";
import { parseSections } from "../../verify/sections";
import type { LabAccess } from "../../verify/access";
import { access, clientAddress, healthyClient, healthyServices, names, printed, translations } from "./fixtures";

interface Change {
  readonly client?: Readonly<Record<string, string>>;
  readonly failed?: Readonly<Record<string, number>>;
  readonly translations?: Readonly<Record<string, string>>;
  /** Exit codes of pings. */
  readonly neighbourPing?: number;
  readonly ping?: number;
  readonly uplinkPing?: number;
}

function evidence(change: Change = {}): ClientEvidence {
  const facts = readClientFacts(parseSections(printed({ ...healthyClient, ...change.client }, change.failed)));
  const pinged = (exitCode = 0) => ({ exitCode, output: "2 packets transmitted\nrtt min/avg/max = 1/1/1 ms" });
  const [client] = access.clients;
  if (client === undefined) {
    throw new Error("The fixture has a client.");
  }
  return {
    access: client,
    facts,
    neighbours: [{ name: "gateway", ping: pinged(change.neighbourPing) }],
    ping: pinged(change.ping),
    fetch: facts.fetch,
    sessions: readTranslations(parseSections(printed({ ...translations, ...change.translations }))).sessions,
    uplinkPing: change.uplinkPing === undefined ? undefined : pinged(change.uplinkPing),
  };
}

function notPassed(results: readonly CheckResult[]): [string, string][] {
  return results.filter(({ status }) => status !== "pass").map(({ check, status }) => [check, status]);
}

describe("a healthy lab", () => {
  it("passes every check on the client", () => {
    expect(notPassed(checkClient(access, evidence()))).toEqual([]);
  });

  it("passes every check on the gateway", () => {
    expect(notPassed(checkGateway(access, readServices(parseSections(printed(healthyServices)))))).toEqual([]);
  });

  it("shows the session as the evidence of the translation", () => {
    expect(checkClient(access, evidence()).at(-1)?.evidence).toBe(
      `${clientAddress}#47942 -> 64:ff9b::c633:6407 is 10.0.2.15#62415 -> 198.51.100.7#80`,
    );
  });
});

const otherAddress = JSON.stringify([
  { ifname: "lan", addr_info: [{ family: "inet6", local: "fc01:0:0:1::99", scope: "global" }] },
]);
const tentativeAddress = JSON.stringify([
  { ifname: "lan", addr_info: [{ family: "inet6", local: clientAddress, scope: "global", dadfailed: true }] },
]);
const alsoIpv4 = JSON.stringify([
  {
    ifname: "lan",
    addr_info: [
      { family: "inet6", local: clientAddress, scope: "global" },
      { family: "inet", local: "192.0.2.9", scope: "global" },
    ],
  },
]);
const nativeAaaa = { names: names(["2001:db8::7"], ["198.51.100.7"]), fetch: "200 140421 2001:db8::7 0.2" };

describe("a client fails the check on", () => {
  test.each<[string, Change, RegExp]>([
    ["its address, when another one is in use", { client: { addresses: otherAddress } }, /^the address/],
    ["its address, when duplicate detection failed", { client: { addresses: tentativeAddress } }, /^the address/],
    ["IPv4, when a card has an IPv4 address", { client: { addresses: alsoIpv4 } }, /no IPv4 address/],
    ["IPv4, when there is an IPv4 route", { client: { routes4: '[{"dst":"default","dev":"lan"}]' } }, /no IPv4/],
    ["the default route, when there is none", { client: { routes6: "[]" } }, /^the default route/],
    ["PREF64, when the advertisements have none", { client: { lan: "{}" } }, /RFC 8781/],
    ["DHCPv6, when no server answered", { client: { lan: "{}" } }, /^DHCPv6 is stateless/],
    ["its neighbours, when the gateway is silent", { neighbourPing: 1 }, /answer pings$/],
    ["ipv4only.arpa, when it leads elsewhere", { client: { names: names([], [], ["2001:db8::c000:aa"]) } }, /ipv4only/],
    ["DNS64, when the name has no address at all", { client: { names: names([], []) } }, /^DNS64/],
    ["DNS64, when a native address is given although none leads anywhere", { client: nativeAaaa }, /^DNS64/],
    ["the fetch, when the content came natively", { client: nativeAaaa }, /over HTTP/],
    ["the fetch, when the server refuses", { client: { fetch: "404 0 64:ff9b::c633:6407 0.1" } }, /over HTTP/],
    [
      "the fetch, when nothing answers",
      { client: { fetch: "curl: (28) timed out\n000 0  30.0" }, failed: { fetch: 28 } },
      /over HTTP/,
    ],
    ["the session, when Jool has none of this client", { translations: { sessionsTcp: "" } }, /session table/],
    [
      "the session, when Jool translates to another server than the address means",
      { translations: { sessionsTcp: translations.sessionsTcp?.replace(",198.51.100.7,", ",198.51.100.8,") ?? "" } },
      /session table/,
    ],
    ["the ping, when only NAT64 loses it", { ping: 1, uplinkPing: 0 }, /ping through NAT64/],
  ])("%s", (_what, change, check) => {
    const failed = checkClient(access, evidence(change)).filter(({ status }) => status === "fail");
    const found = failed.find((result) => check.test(result.check));
    expect(found).toBeDefined();
    expect(found?.remedy).not.toBe("");
  });
});

describe("a check that cannot tell is skipped with its reason", () => {
  it("when the uplink itself answers no pings", () => {
    const results = checkClient(access, evidence({ ping: 1, uplinkPing: 1 }));
    expect(results.find(({ status }) => status === "skipped")).toMatchObject({
      check: "an IPv4 host answers a ping through NAT64",
      evidence: expect.stringMatching(/uplink carries no ICMP/) as unknown,
    });
  });

  it("when a dual-stack name has IPv6 of its own on an uplink that carries it", () => {
    const native: LabAccess = { ...access, promised: { ...access.promised, synthesizeAll: false } };
    const results = checkClient(native, evidence({ client: nativeAaaa }));
    expect(results.find(({ check }) => check.startsWith("DNS64"))?.status).toBe("skipped");
  });

  it("when PREF64 is off", () => {
    const promised = { ...access.promised, pref64: undefined };
    const results = checkClient({ ...access, promised }, evidence());
    expect(results.find(({ check }) => check.includes("RFC 8781"))?.status).toBe("skipped");
  });
});

describe("stateful DHCPv6", () => {
  const stateful: LabAccess = {
    ...access,
    promised: {
      ...access.promised,
      dhcpv6: "stateful",
      reservations: Object.fromEntries(access.clients.map(({ lanMac }) => [lanMac, "fc01:0:0:1::d001"])),
    },
  };

  it("passes when the client has the reserved address, however it is written", () => {
    const addresses = JSON.stringify([
      { ifname: "lan", addr_info: [{ family: "inet6", local: "fc01::1:0:0:0:d001", scope: "global" }] },
    ]);
    const results = checkClient(stateful, evidence({ client: { addresses } }));
    expect(results.find(({ check }) => check === "DHCPv6 is stateful")?.status).toBe("pass");
  });

  it("fails when it has not", () => {
    const results = checkClient(stateful, evidence());
    expect(results.find(({ check }) => check === "DHCPv6 is stateful")?.status).toBe("fail");
  });
});

describe("the gateway fails", () => {
  it("for a service that is down, named with the way to its log", () => {
    const units = (healthyServices.units ?? "").replace(
      "Id=radvd.service\nActiveState=active",
      "Id=radvd.service\nActiveState=failed",
    );
    const [running] = checkGateway(access, readServices(parseSections(printed({ ...healthyServices, units }))));
    expect(running).toMatchObject({ status: "fail", evidence: "radvd.service is failed (running)" });
    expect(running?.remedy).toContain("journalctl -b -u radvd.service");
  });

  it("without a translator in the kernel", () => {
    const sections = parseSections(printed({ ...healthyServices, instance: "" }));
    expect(checkGateway(access, readServices(sections))[1]).toMatchObject({ status: "fail" });
  });
});

describe("a report", () => {
  const results: CheckResult[] = [
    { machine: "gateway", check: "every service runs", status: "pass", evidence: "all" },
    { machine: "client-1", check: "the fetch works", status: "fail", evidence: "timeout", remedy: "Look again." },
    { machine: "client-1", check: "pings work", status: "skipped", evidence: "no ICMP" },
  ];

  it("has one line a check, then what failed and what to do, then the count", () => {
    expect(formatReport(makeReport("lab/dev", results, []))).toBe(
      [
        "machine            check               seen",
        "gateway   ok       every service runs  all",
        "client-1  FAILED   the fetch works     timeout",
        "client-1  skipped  pings work          no ICMP",
        "",
        "client-1: not so: the fetch works.",
        "  Look again.",
        "lab/dev: 1 ok, 1 failed, 1 skipped",
      ].join("\n"),
    );
  });

  it("tells when the last of the clients had its first byte", () => {
    const times = [new Date("2026-01-01T00:00:02Z"), new Date("2026-01-01T00:00:01Z")];
    expect(makeReport("lab/dev", [], times).firstByteAt).toBe("2026-01-01T00:00:02.000Z");
  });
});
