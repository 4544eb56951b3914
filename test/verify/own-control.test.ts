import type * as own from "../../verify/own";
import { outcomeOf } from "../../verify/outcome";
import { makeReport } from "../../verify/report";
import { dnsQuestion } from "../../verify/wire/dns";
import { allScenarios } from "../fixtures/plan";
import { labOf, printed, type Sounds } from "./fixtures";
import * as packets from "./packets";

const checks = [
  { title: "a name", url: "https://app.example/", expect: "fails" },
  { title: "an IPv6 address", url: "http://[2001:db8::1]:8080/", expect: "fails" },
  { title: "an IPv4 address", url: "http://192.0.2.1/", expect: "fails" },
  { title: "a command", command: "./program", expect: "fails" },
  { title: "a name that leads there", url: "https://app.example/", expect: "works" },
];

type Work = (connection: object) => Promise<unknown>;
const onClient = jest.fn<Promise<unknown>, [unknown, unknown, unknown, Work]>();
jest.doMock("../../verify/connect", () => ({ onClient }));
const { ownResults } = jest.requireActual<typeof own>("../../verify/own");

interface Fake {
  /** What comes of every check: its exit code, and what it says. */
  readonly ends?: readonly [number, string];
  /** After how many checks the connection is lost. */
  readonly lostAfter?: number;
  /** Why there is none at all. */
  readonly away?: Error;
  /** What is heard of the resolver; an error: nobody can listen. */
  readonly hears: Sounds | Error;
}

/** What checks come to on the network strict, or on another one, and what the resolver was asked there. */
async function tried(titles: readonly string[], fake: Fake, network = "strict") {
  const { ends = [6, "no address"], lostAfter = Infinity, away, hears } = fake;
  const lab = labOf({ ...allScenarios, checks: checks.filter(({ title }) => titles.includes(title)) });
  const asked: string[] = [];
  let begun = 0;
  const connection = {
    exec(command: string, { stdin }: { readonly stdin: string }) {
      if (stdin.includes("print_section own")) {
        begun += 1;
        if (begun > lostAfter) return Promise.reject(new Error("gone"));
        const [code, says] = ends;
        const texts = { ran: "1", own: Buffer.from(says).toString("base64") };
        return Promise.resolve({ code: 0, stdout: printed(texts, { own: code }), stderr: "" });
      }
      if (!command.includes("python3") || !stdin.includes("await host-")) throw new Error(`Nobody knows ${command}.`);
      asked.push(...[...stdin.matchAll(/dns host-\S+ \S+ \S+ 53 [0-9a-f]+/g)].map(([line]) => line));
      if (hears instanceof Error) return Promise.reject(hears);
      const lines = Object.entries(hears).flatMap(([name, all]) => all.map((what) => `${name} ${what}\n`));
      return Promise.resolve({ code: 0, stdout: lines.join(""), stderr: "" });
    },
  };
  onClient.mockImplementation((_access, _client, _options, work) =>
    away === undefined ? work(connection) : Promise.reject(away),
  );
  const [client] = lab.clients;
  if (client === undefined) throw new Error("The fixture has a client.");
  const options = { wait: 0, signal: new AbortController().signal };
  const rows = await ownResults(lab, { ...client, network }, `client-1 @ ${network}`, options);
  return { rows, asked };
}

const ask = (name: string, type: "A" | "AAAA", resolver = "2001:2:0:6600::1"): string =>
  `dns host-${type.toLowerCase()} - ${resolver} 53 ${dnsQuestion(name, type)}`;

describe("a check that must fail, and does,", () => {
  it("passes where the network's resolver, asked from the client and at no cache, tells of the name", async () => {
    const { rows, asked } = await tried(["a name"], { hears: { "host-a": [packets.dns(3)] } });
    expect(rows).toMatchObject([{ status: "pass", evidence: "exit code 6: no address" }]);
    expect(asked).toEqual([ask("app.example", "A"), ask("app.example", "AAAA")]);
  });

  it.each<[string, Sounds, string]>([
    ["does not answer", {}, "the resolver 2001:2:0:6600::1 did not answer"],
    [
      "says SERVFAIL",
      { "host-a": [packets.dns(2)], "host-aaaa": [packets.dns(2)] },
      "the resolver 2001:2:0:6600::1 told nothing of app.example (A: RCODE 2, AAAA: RCODE 2)",
    ],
    [
      "says SERVFAIL once",
      { "host-aaaa": [packets.dns(2)] },
      "the resolver 2001:2:0:6600::1 told nothing of app.example (A: no answer, AAAA: RCODE 2)",
    ],
  ])("proves nothing where the resolver %s", async (_what, hears, why) => {
    const { rows } = await tried(["a name"], { hears });
    expect(rows).toMatchObject([
      { status: "skipped", evidence: `${why}: that this fails proves nothing (exit code 6: no address)` },
    ]);
    expect(outcomeOf(makeReport("lab", rows, []))).toBe("nothing told");
  });

  it("passes where the resolver tells of the name in one family only", async () => {
    const hears = { "host-a": [packets.dns(2)], "host-aaaa": [packets.dns(0)] };
    expect((await tried(["a name"], { hears })).rows).toMatchObject([{ status: "pass" }]);
  });

  it.each(["an IPv6 address", "an IPv4 address"])("needs no resolver for %s", async (title) => {
    const { rows, asked } = await tried([title], { hears: {} });
    expect(rows).toMatchObject([{ own: title, status: "pass" }]);
    expect(asked).toEqual([]);
  });

  it("is held against a name that every resolver can tell something of where it is a command", async () => {
    const { rows, asked } = await tried(["a command"], { hears: { "host-aaaa": [packets.dns(0)] } });
    expect(rows).toMatchObject([{ status: "pass" }]);
    expect(asked).toEqual([ask("ipv4only.arpa", "AAAA")]);
    expect((await tried(["a command"], { hears: {} })).rows).toMatchObject([{ status: "skipped" }]);
  });

  it("is held against the resolver by IPv4 where the network has no IPv6", async () => {
    const { rows, asked } = await tried(["a command"], { hears: {} }, "v4");
    expect(asked).toEqual([ask("ipv4only.arpa", "AAAA", "::ffff:192.168.4.1")]);
    expect(rows[0]?.evidence).toMatch(/^the resolver 192\.168\.4\.1 did not answer: /);
  });

  it("proves nothing where the resolver cannot be asked", async () => {
    const { rows } = await tried(["a name"], { hears: new Error("no python3") });
    expect(rows).toMatchObject([
      {
        status: "skipped",
        evidence: expect.stringMatching(/^whether the resolver answers is not known: .*no python3/) as unknown,
      },
    ]);
  });
});

describe("the resolver is not asked", () => {
  it.each<[string, string, readonly [number, string]]>([
    ["works where it must", "a name that leads there", [0, "HTTP 200 from 192.0.2.1 after 0.1 s"]],
    ["fails where it must not", "a name that leads there", [6, "HTTP 000 from  after 0.1 s"]],
    ["works where it must not", "a name", [0, "HTTP 200 from 192.0.2.1 after 0.1 s"]],
    ["is answered with an error", "a name", [0, "HTTP 403 from 192.0.2.1 after 0.1 s"]],
    ["lacks its program", "a command", [127, "not found"]],
  ])("for a check that %s", async (_what, title, ends) => {
    const { asked } = await tried([title], { ends, hears: {} });
    expect(asked).toEqual([]);
  });
});

describe("a client that says nothing more", () => {
  it("in the middle of its checks is told of, and what it had said until then stays", async () => {
    const titles = ["an IPv6 address", "an IPv4 address", "a command"];
    const { rows } = await tried(titles, { lostAfter: 1, hears: {} });
    expect(rows.map(({ check, status, evidence }) => [check, status, evidence])).toEqual([
      ["an IPv6 address: fails", "pass", "exit code 6: no address"],
      ["it answers what it is asked", "fail", "own.sh told nothing: gone"],
      ["an IPv4 address", "skipped", "how it ended is not known: own.sh told nothing: gone"],
      ["a command", "skipped", "not tried: own.sh told nothing: gone"],
    ]);
    expect(outcomeOf(makeReport("lab", rows, []))).toBe("not as expected");
  });

  it("at all has tried nothing", async () => {
    const { rows } = await tried(["a command"], { away: new Error("No SSH connection"), hears: {} });
    expect(rows).toMatchObject([{ own: "a command", status: "skipped", evidence: "not tried: No SSH connection" }]);
  });
});
