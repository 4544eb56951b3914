import { allowedFor, isStrict, judgeLeaks, leakOf, type Overheard } from "../../verify/leaks";
import { networkNamed } from "../../verify/access";
import { allScenarios } from "../fixtures/plan";
import { labOf } from "./fixtures";
import { echoFrame, rawFrame, tcpFrame, udpFrame } from "./frames";

const lab = labOf({ ...allScenarios, clients: [{ name: "client-1", network: "strict" }] });
const strict = networkNamed(lab, "strict");
const [client] = lab.clients;
if (client === undefined) throw new Error("The fixture has a client.");
const own = client.addresses.strict?.ipv6 ?? "";
const elsewhere = client.addresses.nat64?.ipv6 ?? "";
const allowed = allowedFor(lab, client, strict);
const server = "3fff:10:0:32::41";

function arp(sender: string): Buffer {
  const head = "ffffffffffff8a711e21427e0806" + "0001080006040001";
  return Buffer.from(`${head}8a711e21427e${sender}000000000000c0000228`, "hex");
}

describe("what leaves a client where there is no IPv4 by any way", () => {
  it.each([
    ["TCP from its address", tcpFrame(2, 1, 0, { from: own, to: server })],
    ["a question to its resolver", udpFrame({ from: own, to: "2001:2:0:6600::1" })],
    [
      "neighbour discovery by its link-local address",
      rawFrame(58, "8700000000000000", { from: "fe80::8871:1eff:fe21:427e", to: "ff02::1" }),
    ],
    ["duplicate address detection", rawFrame(58, "8700000000000000", { from: "::", to: "ff02::1:ff21:427e" })],
    // Hop-by-hop options with a router alert, and ICMPv6 behind them.
    [
      "a report of its groups",
      rawFrame(0, "3a000502000001008f00000000000000", { from: "fe80::8871:1eff:fe21:427e", to: "ff02::16" }),
    ],
    ["a fragment", rawFrame(44, "1100000100000001" + "2a".repeat(8), { from: own, to: server })],
  ])("may be %s", (_what, frame) => {
    expect(client.lanMac).toBe("8a:71:1e:21:42:7e");
    expect(leakOf(frame, allowed)).toBeUndefined();
  });

  it.each([
    ["a question for DHCPv4", udpFrame({ from: "0.0.0.0", to: "255.255.255.255", fromPort: 68, toPort: 67 })],
    ["an ARP probe", arp("00000000")],
  ])("is counted and no leak: %s", (_what, frame) => {
    expect(leakOf(frame, allowed)).toBe("expected");
  });

  // A client that has just moved: the network before had NAT64, a resolver of its own, and a connection that was open.
  it.each([
    ["a question to the resolver before", udpFrame({ from: elsewhere, to: "2001:2:0:6400::1" })],
    ["a connection that was open", tcpFrame(0x18, 1, 1, { from: elsewhere, to: server, payload: "still there?" })],
    ["its end by a reset", tcpFrame(4, 1, 0, { from: elsewhere, to: server })],
    ["an answer to who connects to it there", tcpFrame(0x12, 1, 1, { from: elsewhere, to: server })],
    ["one through NAT64", tcpFrame(0x11, 1, 1, { from: elsewhere, to: "2001:2:0:64::c000:228" })],
    [
      "the neighbour discovery before it",
      rawFrame(58, "87".padEnd(48, "0"), { from: elsewhere, to: "ff02::1:ff00:1" }),
    ],
  ])("is left over from the network before, and no leak: %s", (_what, frame) => {
    expect(elsewhere).toMatch(/^2001:2:0:6400:/);
    expect(leakOf(frame, allowed)).toBe("left over");
  });

  it("may be sent again for minutes by a connection that was open, and asked for some seconds by a resolver", () => {
    const resent = tcpFrame(0x18, 1, 1, { from: elsewhere, to: server, payload: "still there?" });
    const question = udpFrame({ from: elsewhere, to: "2001:2:0:6400::1" });
    expect(leakOf(resent, allowed, 600)).toBe("left over");
    expect(leakOf(question, allowed, 14)).toBe("left over");
    expect(leakOf(question, allowed, 16)).toMatch(/^IPv6 from an address of its own making/);
  });

  it.each([
    ["IPv4 in IPv6", rawFrame(4, "45".repeat(20), { from: elsewhere, to: server }), /^IPv4 in IPv6/],
    ["GRE", rawFrame(47, "00000800" + "45".repeat(20), { from: elsewhere, to: server }), /^GRE/],
    ["a new connection", tcpFrame(2, 1, 0, { from: elsewhere, to: server }), /^IPv6 from an address of its own making/],
    [
      "a new connection through NAT64",
      tcpFrame(2, 1, 0, { from: elsewhere, to: "64:ff9b::808:808" }),
      /^IPv6 into 64:ff9b::\/96/,
    ],
    [
      "a ping",
      rawFrame(58, "80".padEnd(32, "0"), { from: elsewhere, to: server }),
      new RegExp(`^IPv6 from an address of its own making: ${elsewhere} → ${server}$`),
    ],
  ])("leaks from the address of the network before by %s", (_what, frame, words) => {
    expect(leakOf(frame, allowed)).toMatch(words);
  });

  it.each([
    ["IPv4", tcpFrame(2, 1, 0, { from: "192.0.2.9", to: "192.0.2.40" }), "IPv4 192.0.2.9 → 192.0.2.40, TCP, port 80"],
    ["an IPv4 ping", echoFrame(8, 1, 1, { from: "192.0.2.9", to: "192.0.2.40" }), "IPv4 192.0.2.9 → 192.0.2.40, ICMP"],
    [
      "a tunnel over IPv4",
      rawFrame(41, "60".repeat(20), { from: "192.0.2.9", to: "192.88.99.1" }),
      "IPv4 192.0.2.9 → 192.88.99.1, IP protocol 41",
    ],
    [
      "DHCPv4 that has an address",
      udpFrame({ from: "192.0.2.9", to: "192.0.2.1", fromPort: 68, toPort: 67 }),
      /^IPv4 192\.0\.2\.9/,
    ],
    [
      "somebody else's question on DHCPv4's port",
      udpFrame({ from: "0.0.0.0", to: "255.255.255.255", fromPort: 1, toPort: 67 }),
      /^IPv4 0\.0\.0\.0/,
    ],
    [
      "another question on its client's port",
      udpFrame({ from: "0.0.0.0", to: "255.255.255.255", fromPort: 68, toPort: 53 }),
      /^IPv4 0\.0\.0\.0/,
    ],
    ["ARP of who has an address", arp("c0000209"), "ARP to ff:ff:ff:ff:ff:ff"],
    ["a VLAN", Buffer.from(`ffffffffffff8a711e21427e8100${"00".repeat(50)}`, "hex"), "VLAN to ff:ff:ff:ff:ff:ff"],
    [
      "an address of its own making",
      tcpFrame(2, 1, 0, { from: "2001:2:0:6600::bad", to: server }),
      /^IPv6 from an address of its own making: 2001:2:0:6600::bad/,
    ],
    [
      "the lab's NAT64 prefix",
      tcpFrame(2, 1, 0, { from: own, to: "2001:2:0:64::c000:228" }),
      `IPv6 into 2001:2:0:64::/96: ${own} → 2001:2:0:64::c000:228, port 80`,
    ],
    ["the well-known NAT64 prefix", udpFrame({ from: own, to: "64:ff9b::c000:228" }), /^IPv6 into 64:ff9b::\/96/],
    [
      "a NAT64 prefix for local use",
      udpFrame({ from: own, to: "64:ff9b:1:fffe::c000:228" }),
      /^IPv6 into 64:ff9b:1::\/48/,
    ],
    ["IPv4 in IPv6", rawFrame(4, "45".repeat(20), { from: own, to: server }), `IPv4 in IPv6 ${own} → ${server}`],
    [
      "a piece of IPv4 in IPv6",
      rawFrame(44, "0400000100000001" + "2a".repeat(8), { from: own, to: server }),
      /^IPv4 in IPv6/,
    ],
    [
      "IPv4 in IPv6 behind options",
      rawFrame(60, "0400010400000000" + "45".repeat(20), { from: own, to: server }),
      /^IPv4 in IPv6/,
    ],
    ["GRE", rawFrame(47, "00000800" + "45".repeat(20), { from: own, to: server }), /^GRE/],
    ["ESP", rawFrame(50, "00".repeat(20), { from: own, to: server }), /^ESP/],
    ["what cannot be read", Buffer.from("8a711e21427e", "hex"), /cut short/],
  ])("leaks by %s", (_what, frame, words) => {
    const said = leakOf(frame, allowed) ?? "nothing";
    if (typeof words === "string") expect(said).toBe(words);
    else expect(said).toMatch(words);
  });

  it("may come from what stateful DHCPv6 has leased to it too, and not from another's lease", () => {
    const stateful = labOf({
      ...allScenarios,
      dhcpv6: { mode: "stateful" },
      routerAdvertisements: { prefix: { autonomous: true } },
      clients: ["c", "d"].map((name) => ({ name, network: "strict" })),
    });
    const [first, second] = stateful.clients;
    const network = networkNamed(stateful, "strict");
    const dhcpv6 = network.ipv6?.dhcpv6;
    const leaseOf = (mac = "") =>
      dhcpv6?.mode === "stateful" ? dhcpv6.reservations.find((each) => each.mac === mac)?.address : undefined;
    const [leased, others] = [leaseOf(first?.lanMac), leaseOf(second?.lanMac)];
    if (first === undefined || leased === undefined || others === undefined)
      throw new Error("The fixture has reservations.");
    expect(leased).not.toBe(first.addresses.strict?.ipv6);
    const from = (address: string) =>
      leakOf(tcpFrame(2, 1, 0, { from: address, to: server }), allowedFor(stateful, first, network));
    expect(from(leased)).toBeUndefined();
    expect(from(others)).toMatch(/^IPv6 from an address of its own making/);
  });
});

describe("the row of what leaves a client", () => {
  const fine: Overheard = {
    frames: 900,
    probes: 2,
    leftOver: 0,
    leaks: [],
    missed: 0,
    kept: { pcapng: Buffer.alloc(0), packets: 0, cut: false },
    meanwhile: "66 programs tried to get somewhere",
  };
  const row = (heard: Overheard | string) =>
    judgeLeaks("client-1 @ strict", { lab, access: client, heard }, "strict")[0];

  it("passes where nothing leaked, and says what was heard", () => {
    expect(row(fine)).toMatchObject({
      status: "pass",
      network: "strict",
      evidence: "900 frames, 2 probes for IPv4 among them, while 66 programs tried to get somewhere",
    });
  });

  it.each([
    [0, "900 frames, while "],
    [1, "900 frames, 1 probe for IPv4 among them, while "],
  ])("says how many probes were heard: %i", (probes, evidence) => {
    expect(row({ ...fine, probes })?.evidence).toContain(evidence);
  });

  it("says what was left over from the network before", () => {
    const evidence = "900 frames, 2 probes for IPv4 among them, 1 of what was begun on the network before, while ";
    expect(row({ ...fine, leftOver: 1 })).toMatchObject({ status: "pass" });
    expect(row({ ...fine, leftOver: 1 })?.evidence).toContain(evidence);
  });

  it.each<[string, Overheard | string, string, RegExp]>([
    [
      "something leaked",
      { ...fine, leaks: ["ARP to x", "IPv4 a → b", "ARP to x"] },
      "fail",
      /^ARP to x \(2\), IPv4 a → b \(1\)$/,
    ],
    ["something leaked, though frames were missed", { ...fine, leaks: ["GRE"], missed: 9 }, "fail", /GRE/],
    ["much leaked", { ...fine, leaks: ["1", "2", "3", "4", "5", "6", "7"] }, "fail", /5 \(1\), 2 more kinds$/],
    ["five things leaked", { ...fine, leaks: ["1", "2", "3", "4", "5"] }, "fail", /5 \(1\)$/],
    ["nothing was heard", { ...fine, frames: 0 }, "skipped", /silence/],
    ["frames were missed", { ...fine, missed: 3 }, "skipped", /3 frames/],
    ["nothing was tried", { ...fine, meanwhile: undefined }, "skipped", /nothing was tried/],
    ["nobody could listen", "it could not be listened to: no", "skipped", /no$/],
  ])("is not passed where %s", (_what, heard, status, words) => {
    expect(row(heard)?.status).toBe(status);
    expect(row(heard)?.evidence).toMatch(words);
    expect(row(heard)?.remedy === undefined).toBe(status !== "fail");
  });

  it("is for networks without IPv4 by any way", () => {
    expect(lab.promised.networks.filter(isStrict).map(({ name }) => name)).toEqual(["strict"]);
  });
});
