import { once } from "node:events";
import { text } from "node:stream/consumers";
import { freePort } from "../../provider/lan-segment";
import type { SshConnection } from "../../ssh";
import { tryBindings, unboundPort } from "../../verify/bindings";
import { checkClient, checkGateway } from "../../verify/checks";
import { Heard } from "../../verify/questions";
import { configurations } from "../fixtures/plan";
import { clientEvidence, gatewayEvidence, labOf } from "./fixtures";
import { canRunProbes, runProbe } from "./python";

const lab = labOf(configurations["static bindings"]);
const open = (port: number): string => `open secret ${port}`;

/** What the two ends say when all is as it should be. */
const right = {
  taken: undefined as string | undefined,
  "TCP-192.0.2.1-61080": open(80) as string | undefined,
  "TCP-192.0.2.1-61443": open(443) as string | undefined,
  "UDP-192.0.2.1-61053": open(53) as string | undefined,
  caller: "192.0.2.1 61234" as string | undefined,
  unbound: "silent" as string | undefined,
  own: "silent" as string | undefined,
};

function rows(change: Partial<typeof right> = {}, where = lab): string[] {
  return statuses(results(change, where));
}

function results(change: Partial<typeof right>, where = lab) {
  const said = Object.entries({ ...right, ...change }).flatMap(([name, what]) =>
    what === undefined ? [] : [`${name} ${what}`],
  );
  const heard = new Heard(said.join("\n"));
  const seen = clientEvidence({ lab: where, bindings: { client: heard, outside: heard, secret: "secret" } });
  return checkClient(seen);
}

function statuses(all: readonly { readonly check: string; readonly status: string }[]): string[] {
  return all
    .filter(({ check }) => check.includes("outside"))
    .map(({ check, status }) => `${check.startsWith("whoever") ? "reached" : "closed"}: ${status}`);
}

describe("what is bound for the outside", () => {
  it("is reached there, and nothing else is", () => {
    expect(rows()).toEqual(["reached: pass", "closed: pass"]);
  });

  it("is no row of a client that offers nothing", () => {
    expect(statuses(checkClient(clientEvidence()))).toEqual([]);
    const others = lab.clients.map((each) => ({ ...each, name: "client-2" }));
    expect(rows({}, { ...lab, clients: others })).toEqual([]);
  });

  it.each<[string, Partial<typeof right>, readonly string[]]>([
    ["a bound port is silent", { "TCP-192.0.2.1-61080": "silent" }, ["reached: fail", "closed: skipped"]],
    ["a bound port is refused", { "TCP-192.0.2.1-61443": "refused" }, ["reached: fail", "closed: skipped"]],
    ["a datagram does not come", { "UDP-192.0.2.1-61053": undefined }, ["reached: fail", "closed: skipped"]],
    ["another service answers", { "TCP-192.0.2.1-61080": open(443) }, ["reached: fail", "closed: skipped"]],
    ["somebody else answers", { "TCP-192.0.2.1-61080": "open" }, ["reached: fail", "closed: skipped"]],
    ["a port that is not bound is open", { unbound: "open" }, ["reached: pass", "closed: fail"]],
    ["a connection's own port is open", { own: open(40_000) }, ["reached: pass", "closed: fail"]],
    [
      "no connection of its own came about",
      { caller: undefined, own: undefined },
      ["reached: pass", "closed: skipped"],
    ],
    [
      "a program of its own has a port",
      { taken: "TCP 80", "TCP-192.0.2.1-61080": "open hello" },
      ["reached: pass", "closed: pass"],
    ],
    [
      "a program of its own is not reached",
      { taken: "TCP 80", "TCP-192.0.2.1-61080": "silent" },
      ["reached: fail", "closed: skipped"],
    ],
    [
      "a program of its own says nothing to a datagram",
      { taken: "UDP 53", "UDP-192.0.2.1-61053": "silent" },
      ["reached: pass", "closed: pass"],
    ],
  ])("is told: %s", (_what, change, expected) => {
    expect(rows(change)).toEqual(expected);
  });

  it("cannot be told with only datagrams to programs, away from home, or without anybody outside", () => {
    const [client] = lab.clients;
    if (client === undefined) throw new Error("The fixture has a client.");
    const away = { ...lab, clients: [{ ...client, addresses: { lan: { ipv6: "2001:db8::1" } } }] };
    expect(statuses(checkClient(clientEvidence({ lab: away })))).toEqual(["reached: skipped", "closed: skipped"]);
    const [datagrams] = lab.promised.nat64.staticBindings.filter(({ protocol }) => protocol === "UDP");
    if (datagrams === undefined) throw new Error("The fixture binds UDP.");
    const nat64 = { ...lab.promised.nat64, staticBindings: [datagrams] };
    expect(rows({ taken: "UDP 53" }, { ...lab, promised: { ...lab.promised, nat64 } })).toEqual([
      "reached: skipped",
      "closed: skipped",
    ]);
    const real = { ...lab, promised: { ...lab.promised, internet: "real" as const } };
    expect(statuses(checkClient(clientEvidence({ lab: real })))).toEqual(["reached: skipped", "closed: skipped"]);
  });

  it.each([
    ["reaches", {}, /^192.0.2.1 TCP 61080 [^;]*; 192.0.2.1 TCP 61443 [^;]*; 192.0.2.1 UDP 61053 \([^;)]*\)$/],
    [
      "cannot try",
      { taken: "UDP 53" },
      /^192.0.2.1 TCP 61080 [^;]*; 192.0.2.1 TCP 61443 [^;]*; not tried, [^;]*: 192.0.2.1 UDP 61053 [^;]*$/,
    ],
    ["does not reach", { "TCP-192.0.2.1-61080": "silent" }, /^192.0.2.1 TCP 61080 [^;]*: silent$/],
  ])("is told port by port where the outside %s it", (_what, change, evidence) => {
    expect(results(change).find(({ check }) => check.startsWith("whoever"))?.evidence).toMatch(evidence);
  });

  it("is not passed where nobody tried it", () => {
    expect(statuses(checkClient(clientEvidence({ lab })))).toEqual(["reached: fail", "closed: fail"]);
  });

  it("may be joined by a client's own connections where the configuration lets TCP in", () => {
    const config = configurations["static bindings"] ?? {};
    const nat64 = { ...(config.nat64 as object), dropExternallyInitiatedTcp: false };
    expect(rows({ own: open(40_000) }, labOf({ ...config, nat64 }))).toEqual(["reached: pass", "closed: pass"]);
  });

  it("is compared with what is not bound: the last port of the pool that is free", () => {
    expect(unboundPort(lab.promised, "192.0.2.1")).toBe(65_535);
    const explicit = labOf(configurations["static bindings of an explicit pool4, with the longest NAT64 prefix"]);
    expect(unboundPort(explicit.promised, "192.0.2.1")).toBe(65_535);
  });

  it.each<[string, readonly string[], readonly string[], number | undefined]>([
    ["the only port", ["TCP 192.0.2.1/32 80-80"], [], 80],
    ["none: the only port is bound", ["TCP 192.0.2.1/32 80-80"], ["TCP 192.0.2.1 80"], undefined],
    ["the last but one: the last is bound", ["TCP 192.0.2.0/31 80-81"], ["TCP 192.0.2.1 81"], 80],
    ["the last, though it is bound for UDP", ["TCP 192.0.2.1/32 80-81"], ["UDP 192.0.2.1 81"], 81],
    ["the last, though it is bound elsewhere", ["TCP 192.0.2.0/31 80-81"], ["TCP 192.0.2.0 81"], 81],
    ["one for TCP", ["UDP 192.0.2.1/32 90-91", "TCP 192.0.2.1/32 80-81"], [], 81],
    ["one of the address", ["TCP 192.0.2.2/32 90-91", "TCP 192.0.2.1/32 80-81"], [], 81],
    ["none: what is served is another address", ["TCP 192.0.2.2/32 80-81"], [], undefined],
  ])("is compared with %s", (_what, pool4, bound, port) => {
    const inside = { address: "2001:db8::1", port: 1 };
    const entries = pool4.map((each) => {
      const [protocol = "", prefix = "", portRange = ""] = each.split(" ");
      return { protocol: protocol as "TCP" | "UDP", prefix, portRange };
    });
    const staticBindings = bound.map((each) => {
      const [protocol = "", address = "", at = ""] = each.split(" ");
      return { client: "c", protocol: protocol as "TCP" | "UDP", inside, outside: { address, port: Number(at) } };
    });
    const nat64 = { ...lab.promised.nat64, pool4: { kind: "explicit" as const, entries }, staticBindings };
    expect(unboundPort({ ...lab.promised, nat64 }, "192.0.2.1")).toBe(port);
  });
});

describe("what is bound for a client", () => {
  /** What both ends of the probe are told: the arguments of its main(). */
  const tried = async (where = lab) => {
    const told: unknown[][] = [];
    const exec = (_command: string, { stdin }: { readonly stdin: string }) => {
      told.push(JSON.parse(`[${/\nmain\((.*)\)\n$/.exec(stdin)?.[1] ?? ""}]`) as unknown[]);
      return Promise.resolve({ code: 0, stdout: "", stderr: "" });
    };
    const end = { connection: { exec } as unknown as SshConnection, signal: new AbortController().signal };
    const [client] = where.clients;
    if (client === undefined) throw new Error("The fixture has a client.");
    const heard = await tryBindings(where, client, { client: end, gateway: end });
    return heard === undefined ? undefined : { secret: heard.secret, told };
  };

  it("is tried from outside, at its doors and at one that is not bound, while the client listens", async () => {
    const { secret, told: [client, outside] = [] } = (await tried()) ?? {};
    const port = expect.any(Number) as number;
    expect(client).toEqual([
      [
        ["TCP", 80],
        ["TCP", 443],
        ["UDP", 53],
      ],
      [expect.stringMatching(/^64:ff9b::/), port],
      secret,
      50,
    ]);
    expect(outside).toEqual([
      [expect.stringMatching(/^[0-9.]+$/), port],
      [
        ["TCP-192.0.2.1-61080", "TCP", "192.0.2.1", 61_080],
        ["TCP-192.0.2.1-61443", "TCP", "192.0.2.1", 61_443],
        ["UDP-192.0.2.1-61053", "UDP", "192.0.2.1", 61_053],
      ],
      [["unbound", "192.0.2.1", 65_535]],
      secret,
      8,
    ]);
  });

  it("fails by the gateway's fault where it can send nobody from outside, and the client is asked all the same", async () => {
    const exec = (command: string) =>
      command.includes("nsenter")
        ? Promise.resolve({ code: 1, stdout: "", stderr: "nsenter: cannot open /run/netns/internet-servers" })
        : Promise.resolve({ code: 0, stdout: "", stderr: "" });
    const end = { connection: { exec } as unknown as SshConnection, signal: new AbortController().signal };
    const [client] = lab.clients;
    if (client === undefined) throw new Error("The fixture has a client.");
    const bindings = await tryBindings(lab, client, { client: end, gateway: end });
    const rows = checkClient(clientEvidence({ lab, bindings })).filter(({ evidence }) => evidence.includes("nsenter"));
    expect(rows.map(({ status }) => status)).toEqual(["fail", "fail"]);
    expect(rows[0]?.evidence).toMatch(/^the gateway could send nobody from outside: /);
    expect(rows[0]?.remedy).toContain("puts the gateway's files and services back");
  });

  it("is tried by nobody where there is nothing, or nobody outside", async () => {
    expect(await tried(labOf())).toBeUndefined();
    expect(await tried({ ...lab, promised: { ...lab.promised, internet: "real" } })).toBeUndefined();
  });
});

describe("the translator's static bindings", () => {
  const [client] = lab.clients;
  const home = client?.addresses.lan?.ipv6 ?? "";
  const tcp = [`TCP,${home},80,192.0.2.1,61080,1`, `TCP,${home},443,192.0.2.1,61443,1`];
  const udp = [`UDP,${home},53,192.0.2.1,61053,1`];
  const row = (bibTcp: readonly string[], where = lab, bibUdp: readonly string[] = udp) => {
    const seen = gatewayEvidence({
      lab: where,
      translates: { bibTcp: bibTcp.join("\n"), bibUdp: bibUdp.join("\n") },
    });
    return checkGateway(seen).find(({ check }) => check.includes("static bindings"));
  };
  const told = (...of: Parameters<typeof row>): string | undefined => row(...of)?.status;
  const connection = `TCP,${home},40000,192.0.2.1,61001,0`;

  it.each([
    ["are all there", tcp, "pass"],
    ["are beside those of connections", [...tcp, connection], "pass"],
    ["lack one", tcp.slice(1), "fail"],
    ["have one as a connection's only", [`TCP,${home},80,192.0.2.1,61080,0`, ...tcp.slice(1)], "fail"],
    ["have one that nobody planned", [...tcp, `TCP,${home},22,192.0.2.1,61022,1`], "fail"],
    ["lead elsewhere", [...tcp.slice(1), `TCP,${home},81,192.0.2.1,61080,1`], "fail"],
  ])("%s", (_what, all, status) => {
    expect(told(all)).toBe(status);
  });

  it("are told of where none is planned and one is there", () => {
    expect(checkGateway(gatewayEvidence()).some(({ check }) => check.includes("static bindings"))).toBe(false);
    expect(told([], labOf())).toBe("fail");
    expect(told([connection], labOf())).toBe("fail");
  });

  it("are told of where some are planned and none is there", () => {
    expect(told([], lab, [])).toBe("fail");
  });

  it("that nobody planned are named, three of them", () => {
    const foreign = (count: number) =>
      Array.from({ length: count }, (_, index) => `TCP,${home},${index + 1},192.0.2.1,${62_001 + index},1`);
    const named = [1, 2, 3].map((port) => `not planned: 192.0.2.1#${62_000 + port} TCP is ${home}#${port}`).join(", ");
    expect(row([...tcp, ...foreign(3)])?.evidence).toBe(named);
    expect(row([...tcp, ...foreign(5)])?.evidence).toBe(`${named}, 2 more that are not planned`);
  });
});

(canRunProbes("the two ends of the bindings' probe") ? it : it.skip)(
  "the two ends of the probe understand each other",
  async () => {
    const taken = new Set<number>();
    const ports = Array.from({ length: 4 }, () => {
      const port = freePort(taken);
      taken.add(port);
      return port;
    });
    const [meeting = 0, tcp = 0, udp = 0, nobody = 0] = ports;
    const services = [
      ["TCP", tcp],
      ["UDP", udp],
      ["TCP", meeting],
    ];
    const outside = runProbe(
      "outside.py",
      ["127.0.0.2", meeting],
      [
        ["tcp", "TCP", "127.0.0.1", tcp],
        ["udp", "UDP", "127.0.0.1", udp],
        ["nobody", "TCP", "127.0.0.1", nobody],
      ],
      [["closed", "127.0.0.1", nobody]],
      "secret",
      1,
    );
    // It listens there before the other end wants to.
    await new Promise((resolve) => setTimeout(resolve, 300));
    const client = runProbe("served.py", services, ["::ffff:127.0.0.2", meeting], "secret", 30);
    const [said, saidInside] = await Promise.all([text(outside.stdout), text(client.stdout)]);
    const heard = new Heard(said);
    expect(heard.of("tcp")).toEqual([`open secret ${tcp}`]);
    expect(heard.of("udp")).toEqual([`open secret ${udp}`]);
    expect([heard.of("nobody"), heard.of("closed")]).toEqual([["refused"], ["refused"]]);
    // Here nothing is between the two: the listener behind the connection's own port is reached.
    const [, own = ""] = heard.of("caller")[0]?.split(" ") ?? [];
    expect(heard.of("own")).toEqual([`open secret ${own}`]);
    expect(saidInside).toBe(`taken TCP ${meeting}\nmet\n`);
    if (client.exitCode === null) await once(client, "exit");
    expect(client.exitCode).toBe(0);
  },
  60_000,
);
