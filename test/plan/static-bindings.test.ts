import { nftables } from "../../services/nftables";
import { bindings as service } from "../../services/bindings";
import { renderBundle, runningUnits } from "../../services";
import { configurations, homeOf, planOf } from "../fixtures/plan";
import { contentOf } from "../services/files";
import { platformWith } from "./bad-vsphere";

const raw = configurations["static bindings"] ?? {};
const explicit = configurations["static bindings of an explicit pool4, with the longest NAT64 prefix"] ?? {};
const plan = planOf(raw);
const [client] = plan.clients;
if (client === undefined) throw new Error("The fixture has a client.");
const home = homeOf(client);

function firewall(config: Readonly<Record<string, unknown>>): string[] {
  return contentOf(nftables.files(planOf(config)), "/etc/nftables.conf")
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line.includes("not bound"));
}

describe("static bindings", () => {
  it("are decided in the plan, from the client's address to the gateway's, sorted", () => {
    expect(plan.nat64.staticBindings).toEqual([
      {
        client: "client-1",
        protocol: "TCP",
        inside: { address: home, port: 80 },
        outside: { address: "192.0.2.1", port: 61_080 },
      },
      expect.objectContaining({ protocol: "TCP", outside: { address: "192.0.2.1", port: 61_443 } }),
      expect.objectContaining({ protocol: "UDP", outside: { address: "192.0.2.1", port: 61_053 } }),
    ]);
  });

  it("take a port and the address of an explicit pool4", () => {
    expect(planOf(explicit).nat64.staticBindings).toMatchObject([{ outside: { address: "192.0.2.1", port: 80 } }]);
    const uplink = { kind: "bridged", bridge: "br0" };
    const binding = { client: "client-1", port: 80, outsidePort: 61_080 };
    const of = (nat64: object) => planOf({ uplink, nat64 }).nat64.staticBindings[0]?.outside.address;
    expect(
      of({ pool4: [{ prefix: "203.0.113.6/31" }], staticBindings: [{ ...binding, address: "203.0.113.7" }] }),
    ).toBe("203.0.113.7");
    expect(of({ staticBindings: [{ ...binding, address: "203.0.113.9" }] })).toBe("203.0.113.9");
    const twice = [{ prefix: "203.0.113.7" }, { prefix: "203.0.113.7", protocol: "TCP" }];
    expect(of({ pool4: twice, staticBindings: [binding] })).toBe("203.0.113.7");
  });

  it("are at the address that the uplink is known to have, without a pool4 that says so", () => {
    const gatewayAddress = { address: "203.0.113.10/24", gateway: "203.0.113.1", dns: ["203.0.113.2"] };
    const nat64 = { staticBindings: [{ client: "client-1", port: 80, outsidePort: 61_080 }] };
    const lab = planOf({ ...platformWith({ gatewayAddress }), nat64 });
    expect(lab.nat64.staticBindings[0]?.outside.address).toBe("203.0.113.10");
  });

  it("are sorted by protocol, address and port, ports by their value", () => {
    const ports = [8080, 443, 80];
    const staticBindings = ports.map((outsidePort) => ({ client: "client-1", port: outsidePort, outsidePort }));
    const pool4 = [{ prefix: "203.0.113.6", ports: "69-32767" }];
    const of = (all: readonly object[]) => {
      const uplink = { kind: "bridged", bridge: "br0" };
      return planOf({ uplink, nat64: { pool4, staticBindings: all } }).nat64.staticBindings;
    };
    expect(of(staticBindings).map(({ outside }) => outside.port)).toEqual([80, 443, 8080]);
    expect(of([...staticBindings].reverse())).toEqual(of(staticBindings));
  });

  it("are of the client that they name, on the network where it lives", () => {
    const lab = planOf({
      internet: { kind: "simulated" },
      networks: [
        { name: "dual", scenario: "dual-stack" },
        { name: "nat64", scenario: "ipv6-only-nat64" },
      ],
      clients: ["other", "server"].map((name) => ({ name, network: "nat64" })),
      nat64: { staticBindings: [{ client: "server", port: 80, outsidePort: 61_080 }] },
    });
    const server = lab.clients.find(({ name }) => name === "server");
    expect(lab.nat64.staticBindings[0]?.inside.address).toBe(server?.addresses.nat64?.ipv6);
  });

  it("change no machine's documents but what the gateway is laid down with", () => {
    expect(planOf({ ...raw, nat64: {} }).clients).toEqual(plan.clients);
  });

  it("have Jool let TCP in from outside, and the firewall keep it from every port but theirs", () => {
    expect(plan.nat64.globals["drop-externally-initiated-tcp"]).toBe(false);
    expect(firewall(raw)).toEqual([
      'iifname != { "lan", "lo" } tcp dport 61001-65535 tcp flags & (syn | ack) == syn ip daddr . tcp dport != { 192.0.2.1 . 61080, 192.0.2.1 . 61443 } counter drop comment "port that is not bound"',
      'ip6 daddr { 64:ff9b::c000:201/128 } tcp flags & (syn | ack) == syn ip6 daddr . tcp dport != { 64:ff9b::c000:201 . 61080, 64:ff9b::c000:201 . 61443 } counter drop comment "port that is not bound"',
    ]);
    expect(firewall(explicit)).toHaveLength(3);
  });

  it("leave Jool and the firewall alone where nobody binds TCP, or where TCP may come in anyway", () => {
    const udp = { client: "client-1", protocol: "UDP", port: 53, outsidePort: 61_053 };
    const onlyUdp = { ...raw, nat64: { staticBindings: [udp] } };
    expect(planOf(onlyUdp).nat64.globals["drop-externally-initiated-tcp"]).toBe(true);
    expect(firewall(onlyUdp)).toEqual([]);
    const open = { ...raw, nat64: { ...plan.nat64, ...(raw.nat64 as object), dropExternallyInitiatedTcp: false } };
    const nat64 = { staticBindings: [{ ...udp, protocol: "TCP" }], dropExternallyInitiatedTcp: false };
    expect(firewall({ ...open, nat64 })).toEqual([]);
  });
});

describe("the service of static bindings", () => {
  it("is there where some are planned, after the translator, and off elsewhere", () => {
    const names = renderBundle(plan).map(({ name }) => name);
    expect(names.indexOf("bindings")).toBeGreaterThan(names.indexOf("jool"));
    expect(names.indexOf("bindings")).toBeGreaterThan(names.indexOf("internet"));
    expect(runningUnits(plan)).toContain("ipv6-only-lab-bindings.service");
    expect(service.files(planOf())).toEqual([]);
    expect(runningUnits(planOf())).not.toContain("ipv6-only-lab-bindings.service");
  });

  it("has a line a binding, as Jool writes them", () => {
    const [, ...lines] = contentOf(service.files(plan), "/etc/ipv6-only-lab/static-bindings").trimEnd().split("\n");
    expect(lines).toEqual([
      `tcp ${home}#80 192.0.2.1#61080`,
      `tcp ${home}#443 192.0.2.1#61443`,
      `udp ${home}#53 192.0.2.1#61053`,
    ]);
  });

  it("goes and comes with the translator, once the address is there", () => {
    const unit = contentOf(service.files(plan), "/etc/systemd/system/ipv6-only-lab-bindings.service");
    expect(unit).toContain(
      "PartOf=jool.service\nAfter=jool.service network-online.target ipv6-only-lab-internet.service\n",
    );
    expect(unit).not.toContain("Wants=");
  });
});
