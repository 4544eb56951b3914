import { topologyMermaid } from "../../verify/mermaid";
import { formatStatus, isRunning, type LabStatus } from "../../verify/status";
import { labOf } from "./fixtures";

const status: LabStatus = {
  lab: "ipv6-only-lab/dev",
  stack: "dev",
  healthy: true,
  uplink: { kind: "nat", ipv6: "none" },
  networks: [],
  nat64: { prefix: "64:ff9b::/96", sessions: 0, jool: "4.1.13.0", staticBindings: [] },
  machines: [],
  services: [],
  faults: [],
};

describe("the status", () => {
  it("says second which faults are on, and nothing where none is", () => {
    const faults = [{ name: "v6-loss", client: "client-1", to: "everywhere", packets: 2 }];
    expect(
      formatStatus({ ...status, faults })
        .split("\n")
        .slice(0, 2),
    ).toEqual([
      "ipv6-only-lab/dev: healthy",
      "Faults are on: v6-loss for client-1. npm run fault -- --stack dev off all takes them away.",
    ]);
    expect(formatStatus(status)).not.toContain("Faults");
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
    const shown = (active: boolean) =>
      formatStatus({ ...status, nat64: { ...status.nat64, staticBindings: [{ ...binding, active }] } });
    expect(shown(true)).toContain("  outside 192.0.2.1 TCP 61080 ─▶ client-1 port 80\n");
    expect(shown(false)).toContain("  outside 192.0.2.1 TCP 61080 ─▶ client-1 port 80 (NOT in the translator)\n");
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
