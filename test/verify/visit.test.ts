import type { SshConnection } from "../../ssh";
import { type ClientAccess, type LabAccess, networkNamed, networkOf, wayToIpv4Content } from "../../verify/access";
import { gather } from "../../verify/visit";
import { allScenarios } from "../fixtures/plan";
import { clientSays, labOf, printed } from "./fixtures";
import * as packets from "./packets";

const url = "http://v4only.test/bytes";
const inside = "2001:2:0:64::c633:6407";

/** A lab with such clients, and a URL to fetch. */
function labWith(clients: readonly object[]): LabAccess {
  return labOf({ ...allScenarios, clients, verify: { url } });
}

interface Fetch {
  /** Seconds. */
  readonly wait: number;
  /** An address; empty: what the resolver says. */
  readonly from: string;
}

/** A client from which the content comes where it is told to, and that remembers what it was asked. */
function clientThat(comes: (fetch: Fetch) => boolean) {
  const fetches: Fetch[] = [];
  const instructions: string[] = [];
  const exec = (_command: string, { stdin }: { readonly stdin: string }) => {
    if (stdin.includes("# Fetches content.")) {
      const [from = "", wait = ""] = stdin.split("\n").slice(-3).reverse().slice(1);
      const fetch = { wait: Number(wait), from };
      fetches.push(fetch);
      const remote = from === "" ? inside : from;
      return told(
        comes(fetch)
          ? printed({ url, fetch: `200 5 ${remote} 40000 0.1` })
          : printed({ url, fetch: "curl: (7) 000 0  -1 0.1" }, { fetch: 1 }),
      );
    }
    if (stdin.includes("# Tells what a client knows")) return told(printed(clientSays));
    instructions.push(...stdin.split("\\n"));
    return told(`host-a ${packets.dns(0, "198.51.100.7")}\n`);
  };
  return { connection: { exec } as unknown as SshConnection, fetches, instructions };
}

function told(stdout: string) {
  return Promise.resolve({ code: 0, stdout, stderr: "" });
}

function clientNamed(lab: LabAccess, name: string): ClientAccess {
  const client = lab.clients.find((each) => each.name === name);
  if (client === undefined) throw new Error(`The fixture has no client ${name}.`);
  return client;
}

const { signal } = new AbortController();

/** What is seen from one of them, and who is taken to be online after it. */
async function visit(
  lab: LabAccess,
  name: string,
  { comes = () => true, online = [] }: { comes?: (fetch: Fetch) => boolean; online?: ClientAccess[] } = {},
) {
  const { connection, fetches, instructions } = clientThat(comes);
  const lines: string[] = [];
  const silent = { exec: () => Promise.reject(new Error("no ping")) } as unknown as SshConnection;
  const neighbourhood = { gateway: { connection: silent, signal }, online, others: [], counted: Promise.resolve() };
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
    const tried = instructions.flatMap((line) => /^tcp ssh (\S+) 22$/.exec(line)?.[1] ?? []);
    expect(tried.sort()).toEqual(doors().sort());
    expect(tried.length).toBeGreaterThan(2);
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
