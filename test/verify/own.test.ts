import { judgeOwn, ownChecksOf, wordsOf } from "../../verify/own";
import { parseSections } from "../../verify/sections";
import { allScenarios } from "../fixtures/plan";
import { labOf, printed } from "./fixtures";

const page = "https://app.example/";
const checks = [
  {
    title: "it runs",
    command: "./program",
    expect: { "dual-stack": "works", "ipv6-only-nat64": "works", pref64: "fails" },
  },
  { title: "the page", url: "https://app.example/", on: ["phone"], timeout: 9, expect: "works" },
  ...["works", "fails"].map((expect) => ({ title: `the page ${expect}`, url: page, on: ["phone"], expect })),
  { title: "the page is open", url: page, on: ["phone"], expect: {} },
];
const lab = labOf({ ...allScenarios, checks, clients: [{ name: "phone" }, { name: "laptop" }] });

function named<T extends { readonly name: string }>(all: readonly T[], name: string): T {
  const found = all.find((each) => each.name === name);
  if (found === undefined) throw new Error(`The fixture has no ${name}.`);
  return found;
}

interface Said {
  readonly code?: number;
  readonly says?: string;
  readonly took?: number;
  readonly ran?: boolean;
}

/** The row of a check on a network, when the probe says this. */
function rowOf(title: string, network: string, { code = 0, says = "", took = 1, ran = true }: Said = {}) {
  const check = lab.promised.checks.find((each) => each.title === title);
  if (check === undefined) throw new Error(`The fixture has no check ${title}.`);
  const texts = { ran: String(took), own: Buffer.from(says).toString("base64") };
  const place = {
    client: named(lab.clients, "phone"),
    machine: `phone @ ${network}`,
    network: named(lab.promised.networks, network),
  };
  return judgeOwn(lab, place, check, parseSections(printed(texts, { own: code, ran: ran ? 0 : 1 })));
}

describe("a check of the stack's own", () => {
  it("is tried by the clients that it names, or by all", () => {
    const titles = (client: string): string[] => ownChecksOf(lab, named(lab.clients, client)).map(({ title }) => title);
    expect(titles("phone")).toEqual(checks.map(({ title }) => title));
    expect(titles("laptop")).toEqual(["it runs"]);
  });

  it.each<[string, string, Said, object]>([
    ["passes when it works where it must", "nat64", {}, { status: "pass", evidence: "exit code 0" }],
    [
      "fails when it fails there",
      "nat64",
      { code: 1, says: "no route" },
      { status: "fail", evidence: "exit code 1: no route" },
    ],
    [
      "passes when it fails where it must",
      "pref64",
      { code: 7 },
      { status: "pass", outcome: { expected: "fails", seen: "fails" } },
    ],
    ["fails when it works there", "pref64", {}, { status: "fail", outcome: { expected: "fails", seen: "works" } }],
    [
      "is told and not judged where nothing is expected",
      "v4",
      { code: 1 },
      { status: "skipped", outcome: { seen: "fails" } },
    ],
    ["fails when its program is not there, even where it is to fail", "pref64", { code: 127 }, { status: "fail" }],
    [
      "says when it did not end in time",
      "pref64",
      { code: 124, took: 30 },
      { status: "pass", evidence: "it had not ended after 30 s" },
    ],
    [
      "takes such an exit code of the program's own for what it is",
      "pref64",
      { code: 124 },
      { evidence: "exit code 124" },
    ],
    [
      "is not counted where it could not be run",
      "pref64",
      { ran: false, says: "no bus" },
      { status: "skipped", evidence: "not tried: no bus" },
    ],
  ])("%s", (_what, network, said, expected) => {
    expect(rowOf("it runs", network, said)).toMatchObject({ own: "it runs", network, ...expected });
  });

  it("is not judged where nothing is expected, even when its program is not there", () => {
    expect(rowOf("it runs", "v4", { code: 127 }).status).toBe("skipped");
  });

  it("says how to look closer at what is not as expected", () => {
    expect(rowOf("it runs", "nat64", { code: 1 }).remedy).toBe(
      "It should have worked. Why: npm run exec -- --stack dev --client phone --network nat64 -- bash -c './program'",
    );
    const comes = { says: "HTTP 200 from 64:ff9b::1 after 0.1 s" };
    expect(rowOf("the page fails", "v4", comes).remedy).toMatch(/^It should have failed\. Why: npm run exec/);
  });

  it.each<[string, Said, string, "works" | "fails" | "error"]>([
    ["comes works", { says: "HTTP 200 from 64:ff9b::1 after 0.1 s" }, "works", "works"],
    ["comes with a complaint works", { says: "Warning: old\nHTTP 204 from 192.0.2.1 after 0.1 s" }, "works", "works"],
    [
      "does not come fails",
      { code: 6, says: "curl: (6) Could not resolve host\nHTTP 000 from  after 0.0 s" },
      "fails",
      "fails",
    ],
    [
      "does not come to its end fails",
      { code: 28, says: "curl: (28) timed out\nHTTP 200 from 192.0.2.1 after 9.0 s" },
      "fails",
      "fails",
    ],
    [
      "is redirected to where nobody answers fails",
      { code: 7, says: "curl: (7) Failed to connect\nHTTP 302 from 192.0.2.1 after 9.0 s" },
      "fails",
      "fails",
    ],
    [
      "is redirected without end does neither",
      { code: 47, says: "curl: (47) Maximum (50) redirects followed\nHTTP 302 from 192.0.2.1 after 0.1 s" },
      "neither",
      "error",
    ],
    ["is answered with 403 does neither", { says: "HTTP 403 from 192.0.2.1 after 0.1 s" }, "neither", "error"],
    ["is answered with 503 does neither", { says: "HTTP 503 from 192.0.2.1 after 0.1 s" }, "neither", "error"],
    ["is answered with 304 does neither", { says: "HTTP 304 from 192.0.2.1 after 0.1 s" }, "neither", "error"],
  ])("of a URL that %s", (_what, said, passes, seen) => {
    for (const expected of ["works", "fails"] as const) {
      const row = rowOf(`the page ${expected}`, "v4", said);
      expect(row).toMatchObject({ status: passes === expected ? "pass" : "fail", outcome: { expected, seen } });
    }
    expect(rowOf("the page is open", "v4", said)).toMatchObject({ status: "skipped", outcome: { seen } });
  });

  it("says of a server that was reached, and answered with an error, that it was", () => {
    const says = "HTTP 403 from 192.0.2.1 after 0.1 s";
    const row = rowOf("the page fails", "strict", { says });
    expect(row.evidence).toBe(`exit code 0: ${says}`);
    expect(row.remedy).toMatch(/^A server was reached, and its answer is an error: something leads there/);
    expect(row.remedy).toMatch(/a command \(curl --fail …\)\. Why: npm run exec .* --network strict -- bash -c 'curl /);
    expect(rowOf("the page is open", "strict", { says }).evidence).toBe(`error: exit code 0: ${says}`);
  });

  it("fetches its URL as one word, within its time", () => {
    const check = { tries: { kind: "url", url: "http://a/?q='$(id)" }, timeout: 9, title: "t", expected: {} } as const;
    expect(wordsOf(check)).toMatch(/^curl .*--max-time 9 .* --url 'http:\/\/a\/\?q=%27\$\(id\)'$/);
  });

  it("shows the last lines of what was said, and no control characters", () => {
    const says = "a b c d e f g h".replaceAll(" ", "\n") + "\x1b[31m\r\n  \n\n";
    expect(rowOf("it runs", "v4", { says }).evidence).toBe("works: exit code 0: d | e | f | g | h\uFFFD[31m\uFFFD");
  });
});

describe("a failure of something else than the network", () => {
  const curl = (words: string) => `curl: ${words}\nHTTP 000 from 2001:db8::7 after 0.2 s`;

  it.each<[string, string, string, Said, string]>([
    [
      "of a URL that curl does not take",
      "the page fails",
      "strict",
      { code: 3, says: "curl: (3) bad range in URL" },
      "fails",
    ],
    [
      "of a certificate that nobody vouches for",
      "the page fails",
      "strict",
      { code: 60, says: curl("(60) SSL") },
      "error",
    ],
    [
      "of a handshake that a server refuses",
      "the page fails",
      "strict",
      { code: 35, says: curl("(35) alert") },
      "error",
    ],
  ])("is no pass, though a failure is expected: %s", (_what, title, network, said, seen) => {
    expect(rowOf(title, network, said)).toMatchObject({ status: "fail", outcome: { seen } });
  });

  it("is not looked for where no server was reached", () => {
    const says = "curl: (35) reset\nHTTP 000 from  after 0.2 s";
    expect(rowOf("the page fails", "strict", { code: 35, says })).toMatchObject({ status: "pass" });
  });

  it("is not made of a URL with brackets or a space, which curl would read otherwise", () => {
    const check = { tries: { kind: "url", url: "http://a/?f[x]=1 2" }, timeout: 9, title: "t", expected: {} } as const;
    expect(wordsOf(check)).toMatch(/ --globoff .* --url 'http:\/\/a\/\?f\[x\]=1%202'$/);
  });
});
