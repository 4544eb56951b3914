import { readUnits, unitsDown } from "../../verify/gateway-facts";
import { topologyMermaid } from "../../verify/mermaid";
import { formatStatus, isRunning, type LabStatus, type MachineStatus, statusOf } from "../../verify/status";
import { allScenarios } from "../fixtures/plan";
import { gatewayEvidence, labOf, type Texts } from "./fixtures";

const status: LabStatus = {
  lab: "ipv6-only-lab/dev",
  stack: "dev",
  healthy: true,
  uplink: { kind: "nat", ipv6: "none" },
  networks: [],
  away: [],
  nat64: { prefix: "64:ff9b::/96", sessions: 0, jool: "4.1.13.0", staticBindings: [] },
  machines: [],
  services: [],
  faults: [],
};

describe("the status", () => {
  it("says second which faults are on, and nothing where none is", () => {
    const faults = [{ name: "v6-loss", client: "client-1", to: "everywhere", packets: 2, atWork: true }];
    expect(
      formatStatus({ ...status, faults })
        .split("\n")
        .slice(0, 2),
    ).toEqual([
      "ipv6-only-lab/dev: every machine answers, every service runs. Whether they do what they should: npm run verify -- --stack dev",
      "Faults are on: v6-loss for client-1. npm run fault -- --stack dev off all takes them away.",
    ]);
    expect(formatStatus(status)).not.toContain("Faults");
  });

  it("says who is not where it lives, and what brings it home", () => {
    const lab = labOf({
      networks: [
        { name: "one", scenario: "ipv6-only-nat64", prefix: "2001:2:0:1::/64" },
        { name: "other", scenario: "ipv6-only-strict", prefix: "2001:2:0:2::/64" },
      ],
      clients: 2,
    });
    const whereabouts = (network: string) => ({
      ...lab,
      clients: lab.clients.map((each, index) => ({ ...each, home: "one", network: index === 0 ? network : "one" })),
    });
    const words = (network: string): string =>
      formatStatus(statusOf(whereabouts(network), { machines: [], facts: undefined }));
    const line = `client-1 is on other and lives on one: npm run up -- --stack ${lab.promised.stack} brings it home.`;
    expect(words("other").split("\n")[1]).toBe(line);
    expect(words("one")).not.toContain("lives on");
  });

  it("is not healthy with a unit that is down, or that nobody tells of", () => {
    const up = { name: "radvd.service", active: true };
    expect(isRunning([], [])).toBe(true);
    expect(isRunning(["radvd.service"], [up, { name: "other.service", active: false }])).toBe(true);
    expect(isRunning(["radvd.service"], [{ ...up, active: false }])).toBe(false);
    expect(isRunning(["radvd.service", "jool.service"], [up])).toBe(false);
    expect(isRunning(["radvd.service"], [])).toBe(false);
  });

  it("shows what is bound for the outside, and whether the translator has it", () => {
    const binding = { client: "client-1", protocol: "TCP", port: 80, outside: { address: "192.0.2.1", port: 61_080 } };
    const shown = (active?: boolean) => {
      const staticBindings = [{ ...binding, ...(active === undefined ? {} : { active }) }];
      return formatStatus({ ...status, nat64: { ...status.nat64, staticBindings } });
    };
    expect(shown(true)).toContain("  outside 192.0.2.1 TCP 61080 ─▶ client-1 port 80\n");
    expect(shown(false)).toContain("  outside 192.0.2.1 TCP 61080 ─▶ client-1 port 80 (NOT in the translator)\n");
    expect(shown()).toContain("client-1 port 80 (not known whether the translator has it)\n");
  });

  it("says what translates, and what is not known of it", () => {
    const shown = (nat64: Partial<LabStatus["nat64"]>): string =>
      formatStatus({ ...status, nat64: { prefix: "64:ff9b::/96", staticBindings: [], ...nat64 } });
    expect(shown({ jool: "4.1.13.0", sessions: 0 })).toContain("NAT64 64:ff9b::/96, Jool 4.1.13.0, 0 sessions\n");
    expect(shown({ jool: "" })).toContain("Jool is NOT in the kernel, its sessions cannot be read\n");
    expect(shown({})).toContain("the gateway does not tell what translates\n");
  });

  describe("of a lab with a static binding", () => {
    const staticBindings = [{ client: "client-1", port: 80, outsidePort: 61_080 }];
    const lab = labOf({ internet: { kind: "simulated" }, nat64: { staticBindings } });
    const { facts, translations } = gatewayEvidence({ lab });
    const machines = [{ name: "gateway", role: "gateway", addresses: [], state: "up", console: "/c" }] as const;
    const away = { ...machines[0], name: "client-1", role: "client", state: "unreachable", why: "no route" } as const;

    it("says of a machine that does not answer why, and where its console is", () => {
      const lines = formatStatus(statusOf(lab, { machines: [...machines, away], facts: undefined })).split("\n");
      expect(lines[0]).toBe(
        "ipv6-only-lab/dev: NOT all there: a machine does not answer, a service does not run, or the translator is not in the kernel",
      );
      expect(lines.slice(-3)).toEqual(["", "client-1: no route", "  its console: /c"]);
      expect(lines.join("\n")).toMatch(/^gateway +up\nclient-1 +unreachable$/m);
    });

    it("names the networks, with who is on them", () => {
      const shown = formatStatus(statusOf(labOf(allScenarios), { machines, facts: undefined })).split("\n");
      const networks = shown.filter((line) => line.includes("(MTU")).map((line) => line.replace(/^.*[┬├└]─ /, ""));
      expect(networks).toEqual([
        "dual: dual-stack, 2001:2:0:4600::/64, 192.168.46.0/24 (MTU 1500) ── nobody",
        "mostly: ipv6-mostly, 2001:2:0:4664::/64, 192.168.64.0/24 (MTU 1500) ── nobody",
        "nat64: ipv6-only-nat64, 2001:2:0:6400::/64 (MTU 1500) ── client-1",
        "pref64: ipv6-only-nat64, 2001:2:0:6401::/64 (MTU 1500) ── nobody",
        "strict: ipv6-only-strict, 2001:2:0:6600::/64 (MTU 1500) ── nobody",
        "v4: ipv4-only, 192.168.4.0/24 (MTU 1500) ── nobody",
      ]);
    });

    it("tells what the gateway says", () => {
      const seen = statusOf(lab, { machines, facts: { ...facts, ...translations, faultsOn: [] } });
      expect(seen).toMatchObject({
        nat64: { sessions: 2, jool: "4.1.13.0", staticBindings: [{ client: "client-1", active: false }] },
        faults: [],
      });
    });

    it("tells of no sessions, no binding, no translator and no fault where the gateway does not answer", () => {
      const seen = statusOf(lab, { machines, facts: undefined });
      expect(seen).toMatchObject({ healthy: false, services: [] });
      expect(Object.keys(seen.nat64)).toEqual(["prefix", "staticBindings"]);
      expect(seen.nat64.staticBindings).toEqual([
        { client: "client-1", protocol: "TCP", port: 80, outside: { address: "192.0.2.1", port: 61_080 } },
      ]);
      expect(seen).not.toHaveProperty("faults");
    });

    it("is healthy where every machine answers, every service runs and one translator is in the kernel", () => {
      const healthy = (says: Texts, all: readonly MachineStatus[] = machines): boolean => {
        const found = gatewayEvidence({ lab, says });
        return statusOf(lab, { machines: all, facts: { ...found.facts, ...translations, faultsOn: [] } }).healthy;
      };
      expect(healthy({})).toBe(true);
      expect(healthy({}, [...machines, away])).toBe(false);
      expect(healthy({ instance: "Namespace,Name,Framework" })).toBe(false);
      expect(healthy({ units: "" })).toBe(false);
    });

    it("takes tables that cannot be read for no empty ones", () => {
      const unread = gatewayEvidence({ lab, exitCodes: { sessionsTcp: 1 } }).translations;
      const seen = statusOf(lab, { machines, facts: { ...facts, ...unread, faultsOn: [] } });
      expect(Object.keys(seen.nat64)).toEqual(["prefix", "jool", "staticBindings"]);
      expect(seen.nat64.staticBindings[0]).not.toHaveProperty("active");
    });
  });

  it("is drawn for Mermaid with every client on the network where it is", () => {
    const lab = labOf({
      networks: [
        { name: "nat64", scenario: "ipv6-only-nat64", prefix: "2001:2:0:6400::/64" },
        { name: "v4", scenario: "ipv4-only", ipv4: "192.168.4.0/24" },
      ],
      clients: [
        { name: "one", network: "nat64" },
        { name: "two", network: "nat64" },
      ],
    });
    const [one, two] = lab.clients;
    if (one === undefined || two === undefined) throw new Error("there are two clients");
    const there = one.addresses.nat64?.ipv6 ?? "?";
    const away = two.addresses.v4?.ipv4 ?? "?";
    expect(topologyMermaid({ ...lab, clients: [one, { ...two, network: "v4" }] }).split("\n")).toEqual([
      "flowchart LR",
      '  internet(["internet<br/>uplink nat, no IPv6"])',
      '  gateway["gateway<br/>NAT64 64:ff9b::/96"]',
      "  internet --- gateway",
      '  n0{{"nat64<br/>ipv6-only-nat64<br/>2001:2:0:6400::/64"}}',
      '  gateway ---|"2001:2:0:6400::1"| n0',
      '  n1{{"v4<br/>ipv4-only<br/>192.168.4.0/24"}}',
      '  gateway ---|"192.168.4.1"| n1',
      `  c0["one<br/>${there}"]`,
      "  n0 --- c0",
      `  c1["two<br/>${away}"]`,
      "  n1 --- c1",
    ]);
  });
});

describe("units", () => {
  const said =
    "Id=unbound.service\nActiveState=active\nSubState=running\n\nId=jool.service\nActiveState=failed\nSubState=failed";

  it("that do not run, or are not there, are named with how they are", () => {
    const known = readUnits(said);
    expect(unitsDown(["unbound.service", "jool.service", "radvd.service"], known)).toEqual([
      { unit: "jool.service", words: "jool.service is failed (failed)" },
      { unit: "radvd.service", words: "radvd.service is not there" },
    ]);
    expect(unitsDown(["unbound.service"], known)).toEqual([]);
  });
});
