import type { SshConnection } from "../../ssh";
import {
  type ClientAccess,
  ipv4Way,
  type LabAccess,
  networkNamed,
  networkOf,
  type PromisedIpv6,
  runsClat,
  wayToIpv4Content,
} from "../../verify/access";
import { deniedDestinations, gatewayInstructions } from "../../verify/questions";
import { gather } from "../../verify/visit";
import { allScenarios } from "../fixtures/plan";
import { clientSays, labOf, printed } from "./fixtures";
import * as packets from "./packets";

const url = "http://v4only.test/bytes";
const ipv4 = "198.51.100.7";
const inside = "2001:2:0:64::c633:6407";

/** A lab with such clients, and a URL to fetch. */
function labWith(clients: readonly object[], config: Readonly<Record<string, unknown>> = {}): LabAccess {
  return labOf({ ...allScenarios, clients, verify: { url }, ...config });
}

interface Fetch {
  /** Seconds. */
  readonly wait: number;
  /** An address; empty: what the resolver says. */
  readonly from: string;
}

/**
 * A client from which the content comes where it is told to, and that remembers what it was asked.
 * @param byName where it comes from by its name.
 * @param echoes how many of its pings through NAT64 are answered, the last ones.
 */
function clientThat(comes: (fetch: Fetch) => boolean, byName: string, echoes: number) {
  const fetches: Fetch[] = [];
  const instructions: string[] = [];
  const exec = (_command: string, { stdin }: { readonly stdin: string }) => {
    if (stdin.includes("# Fetches content.")) {
      const [from = "", wait = ""] = stdin.split("\n").slice(-3).reverse().slice(1);
      const fetch = { wait: Number(wait), from };
      fetches.push(fetch);
      const remote = from === "" ? byName : from;
      return says(
        comes(fetch)
          ? printed({ url, fetch: `200 5 ${remote} 40000 0.1` })
          : printed({ url, fetch: "curl: (7) 000 0  -1 0.1" }, { fetch: 1 }),
      );
    }
    if (stdin.includes("# Tells what a client knows")) return says(printed(clientSays));
    const told = stdin.split("\\n");
    instructions.push(...told);
    const pings = (lines: readonly string[]) => lines.filter((line) => line.startsWith("echo through ")).length;
    const answer = pings(told) > 0 && pings(instructions) > 2 - echoes ? "through 8100\n" : "";
    return says(`host-a ${packets.dns(0, ipv4)}\n${answer}`);
  };
  return { connection: { exec } as unknown as SshConnection, fetches, instructions };
}

function says(stdout: string) {
  return Promise.resolve({ code: 0, stdout, stderr: "" });
}

function clientNamed(lab: LabAccess, name: string): ClientAccess {
  const client = lab.clients.find((each) => each.name === name);
  if (client === undefined) throw new Error(`The fixture has no client ${name}.`);
  return client;
}

const { signal } = new AbortController();

interface Visited {
  readonly comes?: (fetch: Fetch) => boolean;
  readonly online?: ClientAccess[];
  readonly came?: ClientAccess[];
  readonly byName?: string;
  readonly echoes?: number;
  /** What its own ping prints; left out: it cannot be asked. */
  readonly gatewaySays?: { readonly stdout: string; readonly code?: number };
}

/** What is seen from one of them, and who is taken to be online after it. */
async function visit(
  lab: LabAccess,
  name: string,
  { comes = () => true, online = [], came = [], byName = inside, echoes = 0, gatewaySays }: Visited = {},
) {
  const { connection, fetches, instructions } = clientThat(comes, byName, echoes);
  const lines: string[] = [];
  const exec = () =>
    gatewaySays === undefined ? Promise.reject(new Error("no ping")) : Promise.resolve({ code: 0, ...gatewaySays });
  const silent = { exec } as unknown as SshConnection;
  const neighbourhood = {
    gateway: { connection: silent, signal },
    online,
    came,
    others: [],
    counted: Promise.resolve(),
  };
  const asked = { connection, signal };
  const seen = await gather(lab, clientNamed(lab, name), asked, neighbourhood, {
    ...{ wait: 180, signal },
    progress: (line) => lines.push(line),
  });
  return { ...seen, fetches, instructions, lines, online: online.map((each) => each.name) };
}

describe("a client that is looked at", () => {
  const lab = labWith([
    ...allScenarios.networks.map(({ name }) => ({ name: `on-${name}`, network: name })),
    { name: "clat", network: "pref64", clat: true },
    { name: "phone", network: "mostly", option108: true },
  ]);

  it.each([
    ["on-nat64", "name"],
    ["on-pref64", "prefix"],
    ["on-strict", "none"],
    ["on-dual", "name"],
    ["on-mostly", "name"],
    ["on-v4", "name"],
    ["clat", "name"],
    // It does without IPv4 (RFC 8925), and has no CLAT.
    ["phone", "prefix"],
  ])("%s, has IPv4 content by: %s", (name, way) => {
    const client = clientNamed(lab, name);
    expect(wayToIpv4Content(client, networkOf(lab, client))).toBe(way);
  });

  it.each([
    ["phone", "mostly", "none"],
    // Its DHCPv4 does not offer to do without (RFC 8925).
    ["phone", "dual", "native"],
    ["clat", "dual", "native"],
    ["clat", "pref64", "clat"],
    ["clat", "strict", "none"],
  ])("%s has IPv4 on %s by: %s", (name, network, way) => {
    expect(ipv4Way(clientNamed(lab, name), networkNamed(lab, network))).toBe(way);
  });

  it("with a CLAT finds the prefix by DNS64 or by PREF64, and without either runs none", () => {
    const client = clientNamed(lab, "clat");
    const silent = ({ pref64: _, ...others }: PromisedIpv6["routerAdvertisements"]) => others;
    const without = (name: string) => {
      const { ipv6, ...network } = networkNamed(lab, name);
      if (ipv6 === undefined) throw new Error(`${name} has no IPv6.`);
      return { ...network, ipv6: { ...ipv6, routerAdvertisements: silent(ipv6.routerAdvertisements) } };
    };
    expect(runsClat(client, networkNamed(lab, "pref64"))).toBe(true);
    expect(runsClat(client, without("nat64"))).toBe(true);
    expect(runsClat(client, without("pref64"))).toBe(false);
  });

  it("is waited for where its content comes by name", async () => {
    const { fetches, firstByteAt, online, lines } = await visit(lab, "on-nat64");
    expect(fetches).toEqual([{ wait: 90, from: "" }]);
    expect(firstByteAt).toBeInstanceOf(Date);
    expect(online).toEqual(["on-nat64"]);
    expect(lines).toEqual([`on-nat64: 200 5 ${inside} 40000 0.1`]);
  });

  it("is not waited for by name where only an address inside the NAT64 prefix leads to it, but there", async () => {
    const comes = ({ from }: Fetch): boolean => from !== "";
    const { fetches, firstByteAt, online, lines, evidence } = await visit(lab, "on-pref64", { comes });
    expect(fetches).toEqual([
      { wait: 0, from: "" },
      { wait: 90, from: inside },
    ]);
    expect(firstByteAt).toBeInstanceOf(Date);
    expect(online).toEqual(["on-pref64"]);
    expect(lines).toEqual([`on-pref64: 200 5 ${inside} 40000 0.1`]);
    expect([evidence.content.ok, evidence.fetch.ok]).toEqual([false, true]);
  });

  it("is waited for by nobody where no content is to come, and is there all the same", async () => {
    const { fetches, firstByteAt, online } = await visit(lab, "on-strict", { comes: () => false });
    expect(fetches.filter(({ from }) => from === "")).toEqual([{ wait: 0, from: "" }]);
    expect(Math.max(...fetches.map(({ wait }) => wait))).toBe(0);
    expect(firstByteAt).toBeUndefined();
    expect(online).toEqual(["on-strict"]);
  });

  it.each([
    ["on-nat64", inside, [""], false],
    ["on-pref64", "2001:db8::7", ["", inside], false],
    ["on-strict", "2001:db8::7", ["", inside, ipv4], false],
    ["on-dual", "2001:db8::7", ["", inside, ipv4], false],
    ["on-mostly", inside, ["", ipv4], false],
    ["on-v4", ipv4, ["", inside, ipv4], false],
    ["clat", inside, ["", ipv4], true],
    ["phone", inside, [""], false],
  ])("%s, whose name leads to %s, is asked for content from %j", async (name, byName, all, throughClat) => {
    const { fetches, instructions, evidence } = await visit(lab, name, { byName });
    expect(fetches.map(({ from }) => from)).toEqual(all);
    expect(evidence.byIpv4?.remote).toBe(all.includes(ipv4) ? ipv4 : undefined);
    expect(instructions.some((line) => line.startsWith(`tcp clat ::ffff:${ipv4} 80"`))).toBe(throughClat);
    expect(evidence.clat !== undefined).toBe(throughClat);
  });

  it("is there though only its name's own address leads to the content", async () => {
    const comes = ({ from }: Fetch): boolean => from !== inside;
    const { firstByteAt, online } = await visit(lab, "on-dual", { comes, byName: "2001:db8::7" });
    expect(firstByteAt).toBeInstanceOf(Date);
    expect(online).toEqual(["on-dual"]);
  });

  it.each<[string, Visited, boolean, boolean | undefined]>([
    ["at once", { echoes: 2 }, true, undefined],
    ["the second time, and the gateway's own is", { echoes: 1, gatewaySays: { stdout: "" } }, true, true],
    ["never, and the gateway's own is", { gatewaySays: { stdout: "" } }, false, true],
    ["never, nor is the gateway's own", { echoes: 1, gatewaySays: { code: 1, stdout: "" } }, false, false],
    ["never, and the gateway's own strangely", { echoes: 1, gatewaySays: { stdout: "wrong data byte" } }, false, false],
  ])("pings the content's host through NAT64, which is answered %s", async (_when, how, pinged, uplink) => {
    const { evidence } = await visit(lab, "on-nat64", how);
    expect([evidence.pinged, evidence.uplinkCarriesPings]).toEqual([pinged, uplink]);
  });

  it("pings it no second time where no ping is to be translated", async () => {
    const silent = labWith([{ name: "on-nat64", network: "nat64" }], { nat64: { dropIcmpv6Info: true } });
    const { instructions } = await visit(silent, "on-nat64", { gatewaySays: { stdout: "" } });
    expect(instructions.filter((line) => line.startsWith("echo through "))).toHaveLength(1);
  });

  it.each(["on-nat64", "on-pref64"])(
    "is not there for the others as long as its own path does not work: %s",
    async (name) => {
      const { firstByteAt, online } = await visit(lab, name, { comes: () => false });
      expect(firstByteAt).toBeUndefined();
      expect(online).toEqual([]);
    },
  );
});

describe("SSH on the gateway", () => {
  const lab = labWith(["dual", "strict", "v4"].map((network) => ({ name: `on-${network}`, network })));
  const gateways = (family: "ipv6" | "ipv4") =>
    lab.promised.networks.flatMap((each) => each[family]?.gatewayAddress ?? []);
  const beside = (name: string) => `${networkNamed(lab, name).router.linkLocal}%lan`;

  it.each([
    ["strict", () => [...gateways("ipv6"), beside("strict")]],
    ["dual", () => [...gateways("ipv6"), ...gateways("ipv4").map((each) => `::ffff:${each}`), beside("dual")]],
    ["v4", () => gateways("ipv4").map((each) => `::ffff:${each}`)],
  ])("is tried from %s at its addresses on every network, and at the one beside the client", async (name, doors) => {
    const { instructions } = await visit(lab, `on-${name}`);
    const [here, elsewhere] = ["ssh", "ssh-elsewhere"].map((kind) =>
      instructions.flatMap((line) => new RegExp(`^tcp ${kind} (\\S+) 22$`).exec(line)?.[1] ?? []),
    );
    expect(here).toHaveLength(name === "dual" ? 3 : name === "strict" ? 2 : 1);
    const tried = [...(here ?? []), ...(elsewhere ?? [])];
    expect(tried.sort()).toEqual(doors().sort());
    expect(tried.length).toBeGreaterThan(2);
  });
});

describe("a network's resolver", () => {
  const lab = labWith(allScenarios.networks.map(({ name }) => ({ name: `on-${name}`, network: name })));

  it("is asked at its IPv4 address too by clients that have both families, and by no others", async () => {
    const asked = await Promise.all(
      allScenarios.networks.map(async ({ name }) => {
        const { instructions } = await visit(lab, `on-${name}`);
        const [door] = instructions.flatMap((line) => /^dns ipv4only-by-ipv4 - (\S+) 53 /.exec(line)?.[1] ?? []);
        expect(instructions.includes("await ipv4only-by-ipv4")).toBe(door !== undefined);
        return door === undefined ? [] : [[name, door]];
      }),
    );
    const doors = Object.fromEntries(asked.flat()) as Record<string, string>;
    expect(doors.dual).toBe(`::ffff:${networkNamed(lab, "dual").ipv4?.gatewayAddress ?? ""}`);
    for (const name of ["v4", "nat64", "strict"]) expect(doors[name]).toBeUndefined();
  });
});

describe("what is sent that must not get through", () => {
  const lab = labWith(allScenarios.networks.map(({ name }) => ({ name: `on-${name}`, network: name })));
  const denied = lab.promised.nat64.deniedIpv4.length;

  /** How many frames of each kind. */
  it.each<[string, Readonly<Record<string, number>>]>([
    ["nat64", { "icmpv6-134": 1, "icmpv6-136": 3, denied, allowed: 1, spoofed: 3, ipv4: 1 }],
    ["pref64", { "icmpv6-134": 1, "icmpv6-136": 3, denied, allowed: 1, spoofed: 3, ipv4: 1 }],
    ["strict", { "icmpv6-134": 1, "icmpv6-136": 3, "icmpv6-1": 2, spoofed: 1, ipv4: 1 }],
    ["dual", { "icmpv6-134": 1, "icmpv6-136": 3, "icmpv6-1": 2, spoofed: 2 }],
    ["mostly", { "icmpv6-134": 1, "icmpv6-136": 3, denied, allowed: 1, spoofed: 4 }],
    ["v4", { "icmpv6-134": 1, ipv6: 1, spoofed: 1 }],
  ])("is of every kind that the network is to keep back: on %s", async (name, frames) => {
    const { instructions } = await visit(lab, `on-${name}`);
    const names = instructions.flatMap((line) => /^frame lan (\S+) /.exec(line)?.[1] ?? []);
    // Each that is about an address has a name of its own, or the answer to one would end the other.
    const about = names.filter((each) => each.includes(":"));
    expect(new Set(about).size).toBe(about.length);
    const sent = names.map((each) => each.replace(/:.*/, ""));
    const count = (kind: string): number => sent.filter((each) => each === kind).length;
    expect(Object.fromEntries([...new Set(sent)].map((kind) => [kind, count(kind)]))).toEqual(frames);
    // Who is to answer is waited for.
    expect(instructions.includes("await icmpv6-134")).toBe(name !== "v4");
    for (const refusal of names.filter((each) => each.startsWith("icmpv6-1:")))
      expect(instructions).toContain(`await ${refusal}`);
    expect(instructions.includes("await dhcpv6-7 dhcpv6-2")).toBe(name !== "v4");
  });

  it("goes to the real internet as far as to its first router, where IPv6 leads there", async () => {
    const outward = async (uplink: object) => {
      const { instructions } = await visit(labWith([{ name: "a" }], { uplink }), "a");
      return instructions.flatMap((line) => /^frame lan outward (\S+)$/.exec(line)?.[1] ?? []);
    };
    expect(await outward({ ipv6: "none" })).toEqual([]);
    const [frame = "", ...others] = await outward({ ipv6: "nat66" });
    expect(others).toEqual([]);
    // Behind the Ethernet head: version, length and next header, and the hop limit.
    expect(frame.slice(28)).toMatch(/^60000000....1102/);
    expect(frame).toContain("3fff0fff000000000000000000000001");
  });

  it("goes to the first address of each denied block, or to its only one", () => {
    const nat64 = { ...lab.promised.nat64, deniedIpv4: ["10.0.0.0/8", "192.0.2.6/31", "192.0.2.9/32"] };
    expect(deniedDestinations({ ...lab, promised: { ...lab.promised, nat64 } })).toEqual([
      { ipv4: "10.0.0.1", ipv6: "2001:2:0:64::a00:1" },
      { ipv4: "192.0.2.6", ipv6: "2001:2:0:64::c000:206" },
      { ipv4: "192.0.2.9", ipv6: "2001:2:0:64::c000:209" },
    ]);
  });
});

describe("a stranger beside the LAN", () => {
  const told = (lab: LabAccess, begin: string): string[] =>
    gatewayInstructions(lab).flatMap((line) => (line.startsWith(begin) ? [line.slice(begin.length)] : []));

  it("tries the gateway's doors on every network with IPv6, and beside it, and a client that has IPv6", () => {
    const lab = labWith([{ name: "first", network: "v4" }, ...["a", "b"].map((name) => ({ name, network: "strict" }))]);
    const doors = lab.promised.networks.flatMap(({ ipv6 }) => ipv6?.gatewayAddress ?? []);
    expect(doors).toHaveLength(5);
    expect(told(lab, "tcp ssh ")).toEqual([...doors, "here"].map((door) => `${door} 22`));
    expect(told(lab, "udp resolver - ").map((words) => words.split(" ")[0])).toEqual([...doors, "here"]);
    expect(told(lab, "echo client ")).toEqual([clientNamed(lab, "a").addresses.strict?.ipv6]);
    expect(told(lab, "udp translator - ")).toEqual([expect.stringMatching(/^2001:2:0:64::c633:6401 9 /)]);
    for (const what of ["refusal", "second"])
      expect(told(lab, `udp ${what}-`).map((words) => words.split(" ").slice(1, 3))).toEqual(
        doors.map((door) => ["here", door]),
      );
  });

  it("has no client to try where none has IPv6", () => {
    expect(told(labWith([{ name: "first", network: "v4" }]), "echo client ")).toEqual([]);
  });
});

describe("clients that are looked at together", () => {
  const lab = labWith([
    ...["a", "b", "c", "d", "e"].map((name) => ({ name, network: "nat64" })),
    { name: "elsewhere", network: "dual" },
  ]);

  /** The pairs that have pinged each other. */
  async function pairs(names: readonly string[]) {
    const online: ClientAccess[] = [];
    const visits = await Promise.all(names.map(async (name) => [name, await visit(lab, name, { online })] as const));
    return visits.flatMap(([name, { evidence, instructions }]) =>
      evidence.neighbours.flatMap((other) => {
        expect(instructions.some((line) => line.startsWith(`echo neighbour-${other} `))).toBe(true);
        return other === "gateway" ? [] : [[name, other].sort().join("-")];
      }),
    );
  }

  it("ping each other, each pair once, though all come at the same time", async () => {
    expect((await pairs(["a", "b", "c", "elsewhere"])).sort()).toEqual(["a-b", "a-c", "b-c"]);
  });

  it("are reached from other networks, each pair once, though no content came to any of them", async () => {
    const came: ClientAccess[] = [];
    const all = ["a", "elsewhere"].map((name) => visit(lab, name, { came, comes: () => false }));
    const peers = (await Promise.all(all)).map(({ evidence }) => evidence.peers.map(({ name }) => name));
    expect(peers.flat()).toHaveLength(1);
  });

  it("ping three of those before them at most", async () => {
    expect((await pairs(["a", "b", "c", "d", "e"])).sort()).toEqual([
      "a-b",
      "a-c",
      "a-d",
      "b-c",
      "b-d",
      "b-e",
      "c-d",
      "c-e",
      "d-e",
    ]);
  });
});
