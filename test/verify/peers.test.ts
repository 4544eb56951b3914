import { checkClient } from "../../verify/checks";
import { networkNamed } from "../../verify/access";
import { neighboursOf, peersOf } from "../../verify/peers";
import { clientInstructions } from "../../verify/questions";
import { allScenarios } from "../fixtures/plan";
import { clientEvidence, labOf, type Sounds } from "./fixtures";

const names = ["nat64", "strict", "dual", "mostly", "v4"];
const clients = [
  ...names.map((network) => ({ name: `on-${network}`, network })),
  { name: "phone", network: "mostly", option108: true },
];
const lab = labOf({ ...allScenarios, clients });

function clientNamed(name: string) {
  const client = lab.clients.find((each) => each.name === name);
  if (client === undefined) throw new Error(`The fixture has no client ${name}.`);
  return client;
}

/** By what one reaches the other. */
function ways(from: string, to: string, where = lab): string {
  const [peer] = peersOf(where, clientNamed(from), [clientNamed(to)]);
  return peer?.ways.map(({ kind, address }) => `${kind} ${address}`).join(", ") ?? "not on another network";
}

const ipv6 = (name: string): string => clientNamed(name).addresses[clientNamed(name).network]?.ipv6 ?? "";
const ipv4 = (name: string): string => clientNamed(name).addresses[clientNamed(name).network]?.ipv4 ?? "";

describe("clients on other networks", () => {
  it("are reached by each family that both have", () => {
    expect(ways("on-dual", "on-mostly")).toBe(`IPv6 ${ipv6("on-mostly")}, IPv4 ::ffff:${ipv4("on-mostly")}`);
    expect(ways("on-strict", "on-dual")).toBe(`IPv6 ${ipv6("on-dual")}`);
    expect(ways("on-v4", "on-dual")).toBe(`IPv4 ::ffff:${ipv4("on-dual")}`);
    // It does without IPv4 there (RFC 8925).
    expect(ways("on-dual", "phone")).toBe(`IPv6 ${ipv6("phone")}`);
    expect(ways("on-strict", "on-v4")).toBe("");
    expect(ways("on-mostly", "phone")).toBe("not on another network");
  });

  it("are reached by translation where there is one and their address is not denied", () => {
    expect(ways("on-nat64", "on-v4")).toMatch(/^NAT64 2001:2:0:64::c0a8:4[0-9a-f]+$/);
    expect(ways("phone", "on-v4")).toMatch(/^NAT64 2001:2:0:64::c0a8:4/);
    const denied = {
      ...lab,
      promised: { ...lab.promised, nat64: { ...lab.promised.nat64, deniedIpv4: ["10.0.0.0/8", "192.168.0.0/16"] } },
    };
    expect(ways("on-nat64", "on-v4", denied)).toBe("");
    // It has IPv4 of its own.
    expect(ways("on-mostly", "on-v4")).toBe(`IPv4 ::ffff:${ipv4("on-v4")}`);
  });

  it("are a few at most, and tried at a port that each of them has", () => {
    const client = clientNamed("on-nat64");
    const peers = peersOf(lab, client, lab.clients);
    expect(peers).toHaveLength(3);
    const all = clientInstructions(lab, {
      client,
      host: "a.test",
      remote: undefined,
      neighbours: [],
      peers,
      port: 50_000,
    });
    expect(all).toContain(`tcp peer-phone-IPv6 ${ipv6("phone")} 22`);
    expect(all).toContain("await peer-phone-IPv6");
  });
});

describe("machines beside a client", () => {
  const names = (from: string, present: readonly string[]) =>
    neighboursOf(lab, clientNamed(from), present.map(clientNamed)).map(({ name, address }) => `${name} ${address}`);

  it("are the gateway, and others that have IPv6 on the same network", () => {
    const { gatewayAddress = "" } = networkNamed(lab, "mostly").ipv6 ?? {};
    expect(names("on-mostly", ["on-mostly", "on-nat64", "phone"])).toEqual([
      `gateway ${gatewayAddress}`,
      `phone ${ipv6("phone")}`,
    ]);
    expect(names("on-v4", ["on-dual"])).toEqual([]);
  });

  it("are not the client itself, as it was where it came from", () => {
    const moved = { ...clientNamed("on-v4"), network: "nat64" };
    expect(peersOf(lab, moved, [clientNamed("on-v4")])).toEqual([]);
  });
});

describe("the row of clients on other networks", () => {
  const at = clientNamed("on-nat64");
  const row = (hears: Sounds, others: readonly string[], where = lab) => {
    const seen = clientEvidence({
      lab: { ...where, clients: [at, ...where.clients.filter(({ name }) => name !== at.name)] },
      hears,
    });
    const peers = peersOf(where, at, others.map(clientNamed));
    return checkClient({ ...seen, peers }).find(({ check }) => check.startsWith("clients on other networks"));
  };

  it("passes when each answers by each way", () => {
    const open = { "peer-on-dual-IPv6": ["open"], "peer-on-dual-NAT64": ["open"] };
    expect(row(open, ["on-dual"])).toMatchObject({
      status: "pass",
      evidence: "on-dual on dual by IPv6; on-dual on dual by NAT64",
    });
  });

  it.each<[string, Sounds]>([
    ["does not answer", { "peer-on-dual-IPv6": [], "peer-on-dual-NAT64": ["open"] }],
    ["answers by one way alone", { "peer-on-dual-IPv6": ["open"], "peer-on-dual-NAT64": ["error No route to host"] }],
    ["refuses", { "peer-on-dual-IPv6": ["error Connection refused"], "peer-on-dual-NAT64": ["open"] }],
  ])("fails when one %s", (_what, hears) => {
    const { status, remedy } = row(hears, ["on-dual"]) ?? {};
    expect(status).toBe("fail");
    expect(remedy).toMatch(/status/);
  });

  it.each([
    ["Permission denied", "peer-on-dual-IPv6", () => `ip -6 route get ${ipv6("on-dual")}; ip rule`],
    ["Network is unreachable", "peer-on-dual-NAT64", () => "ip -6 route get 2001:2:0:64::c0a8:2e"],
  ])("blames the client itself where its own kernel says %s", (why, way, look) => {
    const open = { "peer-on-dual-IPv6": ["open"], "peer-on-dual-NAT64": ["open"] };
    const { status, evidence, remedy } = row({ ...open, [way]: [`error at once ${why}`] }, ["on-dual"]) ?? {};
    expect(`${status}: ${evidence}`).toMatch(
      new RegExp(`^fail: on-dual on dual by \\S+: ${why}, says the client's own`),
    );
    expect(remedy).toContain(look());
    expect(remedy).not.toMatch(/npm run up/);
  });

  it("does not blame the client for what the network says, nor for silence", () => {
    const silence = { "peer-on-dual-IPv6": ["error No route to host"], "peer-on-dual-NAT64": [] };
    expect(row(silence, ["on-dual"])?.remedy).toMatch(/status.*npm run up/);
    // That may be either's.
    const refused = { ...silence, "peer-on-dual-IPv6": ["error Permission denied"] };
    expect(row(refused, ["on-dual"])?.remedy).toMatch(/^A firewall refuses it.*nft list ruleset.*npm run up/);
  });

  it("is skipped with the reason where there is nobody, nobody yet, or nothing in common", () => {
    const told = (result: ReturnType<typeof row>): string => `${result?.status}: ${result?.evidence}`;
    const beside = { ...clientNamed("on-dual"), network: at.network };
    for (const clients of [[at], [at, beside]]) {
      expect(told(row({}, [], { ...lab, clients }))).toMatch(/^skipped: no other client/);
    }
    expect(told(row({}, []))).toMatch(/^skipped: those on other networks had not come yet/);
    const denied = {
      ...lab,
      promised: { ...lab.promised, nat64: { ...lab.promised.nat64, deniedIpv4: ["192.168.0.0/16"] } },
    };
    expect(row({}, ["on-v4"], denied)).toMatchObject({
      status: "skipped",
      evidence: "nothing in common with on-v4 on v4",
    });
  });

  it("is none of a lab with one network", () => {
    expect(checkClient(clientEvidence()).some(({ check }) => check.startsWith("clients on other"))).toBe(false);
  });
});
