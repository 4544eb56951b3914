/** What is looked at on a client that has containers: their bridges are its own, and lead nobody to another machine. */
import { checkClient } from "../../verify/checks";
import type { CheckResult } from "../../verify/report";
import { address, clientEvidence, onLan, own, type Texts } from "./fixtures";

interface Card {
  readonly name: string;
  readonly kind?: string;
  readonly master?: string;
  readonly addresses?: readonly string[];
}

const docker: Card = { name: "docker0", kind: "bridge", addresses: ["172.17.0.1"] };
const container: Card = { name: "veth1a2b", kind: "veth", master: "docker0" };

/** The cards of `ip -json -details address show`, beside those that every client has. */
function withCards(...cards: readonly Card[]): Texts {
  const told = cards.map(({ name, kind, master, addresses = [] }) => ({
    ifname: name,
    ...(master === undefined ? {} : { master }),
    ...(kind === undefined ? {} : { linkinfo: { info_kind: kind } }),
    addr_info: addresses.map((local) => address(local, { family: local.includes(":") ? "inet6" : "inet" })),
  }));
  return { addresses: onLan(address(own.client)).replace(/\]$/, `,${JSON.stringify(told).slice(1)}`) };
}

const route = (dst: string, more: object): object => ({ dst, protocol: "kernel", ...more });
const dockerRoute = route("172.17.0.0/16", { dev: "docker0", prefsrc: "172.17.0.1" });

function seen(cards: readonly Card[], ...routes4: readonly object[]): readonly CheckResult[] {
  return checkClient(clientEvidence({ says: { ...withCards(...cards), routes4: JSON.stringify(routes4) } }));
}

const notPassed = (results: readonly CheckResult[]): readonly string[] =>
  results.filter(({ status }) => status !== "pass").map(({ check, evidence }) => `${check}: ${evidence}`);

describe("a client with containers", () => {
  it.each<[string, readonly Card[]]>([
    ["none of them running", [docker]],
    ["one of them running", [docker, container]],
  ])("has their IPv4 on a bridge of its own, and no other: %s", (_, cards) => {
    const results = seen(cards, dockerRoute);
    expect(notPassed(results)).toEqual([]);
    const rows = results.filter(({ check }) => check.startsWith("there is no IPv4 address"));
    expect(rows.map(({ check, evidence }) => [check, evidence])).toEqual([
      [
        "there is no IPv4 address and no IPv4 route but those of its own bridges",
        "172.17.0.1 on docker0, a bridge of its own",
      ],
    ]);
  });

  it("may give them IPv6 addresses that are not its own", () => {
    const both = { ...docker, addresses: ["172.17.0.1", "fd00:d0c::1"] };
    expect(notPassed(seen([both, container], dockerRoute))).toEqual([]);
  });

  const none = "there is no IPv4 address and no IPv4 route";
  const beside = `${none} but those of its own bridges`;
  it.each<[string, readonly Card[], readonly object[], readonly string[]]>([
    [
      "whose bridge has another card than theirs on it",
      [docker, container, { name: "eth1", master: "docker0" }],
      [dockerRoute],
      [`${none}: 172.17.0.1 on docker0; 1 IPv4 routes`],
    ],
    [
      "whose bridge has a tunnel on it",
      [docker, { name: "vxlan0", kind: "vxlan", master: "docker0" }],
      [dockerRoute],
      [`${none}: 172.17.0.1 on docker0; 1 IPv4 routes`],
    ],
    [
      "one of which is its router",
      [docker, container],
      [dockerRoute, route("default", { gateway: "172.17.0.2", dev: "docker0" })],
      [`${beside}: no address; 1 IPv4 routes`],
    ],
    [
      "and a tunnel",
      [docker, { name: "tun0", kind: "tun", addresses: ["10.8.0.2"] }],
      [dockerRoute, route("10.8.0.0/24", { dev: "tun0" })],
      [`${beside}: 10.8.0.2 on tun0; 1 IPv4 routes`],
    ],
    [
      "and IPv4 on a card without a bridge",
      [{ name: "veth0", kind: "veth", addresses: ["10.1.1.1"] }],
      [],
      [`${none}: 10.1.1.1 on veth0; 0 IPv4 routes`],
    ],
  ])("has IPv4 %s", (_, cards, routes, expected) => {
    expect(notPassed(seen(cards, ...routes))).toEqual(expected);
  });
});
