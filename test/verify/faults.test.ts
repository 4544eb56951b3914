import { internetPlan } from "../../plan/internet";
import { parseConfig } from "../../plan/config";
import {
  columnOf,
  expectedOf,
  faultChecks,
  faultResults,
  formatFaults,
  readFaults,
  withSecondTry,
} from "../../verify/faults";
import type { SshConnection } from "../../ssh";
import { formatReport, makeReport } from "../../verify/report";
import { parseSections } from "../../verify/sections";
import { allScenarios } from "../fixtures/plan";
import { labOf, printed, type Texts } from "./fixtures";

const raw = { ...allScenarios, internet: { kind: "simulated" } };
const lab = labOf(raw);
const { faults, networks } = lab.promised;
const client = firstClient();

function firstClient() {
  const [first] = lab.clients;
  if (first === undefined) throw new Error("The fixture has a client.");
  return first;
}

function named(name: string) {
  const fault = faults.find((each) => each.name === name);
  if (fault === undefined) throw new Error(`Nobody knows the fault ${name}.`);
  return fault;
}

function networkNamed(name: string) {
  const network = networks.find((each) => each.name === name);
  if (network === undefined) throw new Error(`The fixture has no network ${name}.`);
  return network;
}

/** What the probe says when all comes out as it should on a network, but for what `but` says. */
function resultsOn(name: string, but: Readonly<Record<string, readonly [number, string]>> = {}) {
  const column = columnOf(client, networkNamed(name));
  const seen = faults.map(({ name: fault, url, expected }) => {
    const works = (expected[column] ?? "works") === "works";
    const answer = url.startsWith("dns:") ? '"text"' : "200 192.0.2.42 0.1";
    return [fault, but[fault] ?? (works ? [0, answer] : [28, "curl: (28) Operation timed out 000  0.0"])] as const;
  });
  const texts: Texts = Object.fromEntries(seen.map(([fault, [, output]]) => [fault, output]));
  const codes = Object.fromEntries(seen.map(([fault, [code]]) => [fault, code]));
  return readFaults(faults, { client, network: networkNamed(name) }, parseSections(printed(texts, codes)));
}

describe("the faults of a simulated internet", () => {
  it("are promised as the plan has them, and there are none of a real one", () => {
    const plan = internetPlan(parseConfig(raw), { project: "ipv6-only-lab", stack: "dev" });
    expect(faults.map(({ name }) => name)).toEqual(
      [...(plan?.pairs ?? []), ...(plan?.faults ?? [])].map(({ name }) => name),
    );
    expect(labOf(allScenarios).promised.faults).toEqual([]);
  });

  it("are tried by hand through the same proxy", () => {
    const results = resultsOn("strict", {
      "socks-strict-to-dualstack": [97, "curl: (97) connection to proxy closed 000"],
    });
    const row = faultChecks(lab, client.name, "strict", results).find(
      ({ fault }) => fault === "socks-strict-to-dualstack",
    );
    expect(row).toMatchObject({ status: "fail", outcome: { expected: "works", seen: "fails" } });
    expect(row?.remedy).toMatch(/curl -sSvL -px socks5h:\/\/proxy-strict\.test:1080 http:\/\/dualstack\.test\/$/);
  });

  it.each([
    ["nat64", "nat64-dns64"],
    ["pref64", "ipv6-only-strict"],
    ["strict", "ipv6-only-strict"],
    ["dual", "dual-stack"],
    ["mostly", "dual-stack"],
    ["v4", "ipv4-only"],
  ])("on the network %s have the outcomes of the column %s", (name, column) => {
    expect(columnOf(client, networkNamed(name))).toBe(column);
  });

  it.each([
    ["nat64", { clat: true }, "nat64-clat"],
    ["pref64", { clat: true }, "nat64-clat"],
    ["strict", { clat: true }, "ipv6-only-strict"],
    ["dual", { clat: true }, "dual-stack"],
    ["v4", { clat: true }, "ipv4-only"],
    ["mostly", { clat: true }, "dual-stack"],
    ["mostly", { clat: true, option108: true }, "nat64-clat"],
    ["mostly", { option108: true }, "ipv6-only-strict"],
  ])("on the network %s for a client with %j have those of the column %s", (name, has, column) => {
    expect(columnOf({ ...client, ...has }, networkNamed(name))).toBe(column);
  });

  it.each(["nat64", "strict", "dual", "v4"])("of a small MTU by IPv6 are none on %s where that is as small", (name) => {
    const network = networkNamed(name);
    for (const fault of faults) {
      const usual = fault.expected[columnOf(client, network)];
      const ofMtu = fault.name === "v6-mtu-silent";
      expect(expectedOf(fault, client, { ...network, mtu: 1281 })).toBe(usual);
      expect(expectedOf(fault, client, { ...network, mtu: 1280 })).toBe(ofMtu ? "works" : usual);
    }
  });

  it("are as expected when what must fail fails", () => {
    const checks = faultChecks(lab, "client-1", "strict", resultsOn("strict"));
    expect(checks.filter(({ status }) => status === "fail")).toEqual([]);
    expect(checks.find(({ fault }) => fault === "aaaa-blackhole")).toMatchObject({ status: "pass" });
  });

  it.each<[string, string, readonly [number, string]]>([
    ["what must fail works", "aaaa-blackhole", [0, "200 192.0.2.42 0.1"]],
    ["what must work times out", "a-blackhole", [28, "curl: (28) timed out 000  15.0"]],
    ["what must work is answered with an error", "signed", [0, "502 3fff:10:0:32::42 0.1"]],
    ["what must fail is answered with an error", "aaaa-blackhole", [0, "404 192.0.2.42 0.1"]],
    [
      "what must fail behind a proxy is answered with an error",
      "socks-v4only-to-dualstack",
      [0, "503 3fff:10::19 0.1"],
    ],
    ["what must fail is redirected without end", "redirect-literal", [47, "curl: (47) Maximum 302 192.0.2.43 0.1"]],
    ["an answer that must not come in one piece comes", "v6-no-fragments", [0, '"text"']],
  ])("are told of when %s", (_what, fault, said) => {
    const failed = faultChecks(lab, "client-1", "strict", resultsOn("strict", { [fault]: said })).filter(
      ({ status }) => status === "fail",
    );
    expect(failed.map((each) => each.fault)).toEqual([fault]);
    expect(failed[0]?.remedy).toMatch(
      /npm run exec -- --stack dev --client client-1 --network strict (curl -sSvL (-px \S+ )?http|dig .*@)/,
    );
  });

  it.each<[string, string, readonly [number, string]]>([
    [
      "a proxy says that it did not get there",
      "connect-v4only-to-dualstack",
      [56, "curl: (56) CONNECT tunnel failed, response 503 000  0.1"],
    ],
    [
      "they are redirected to where nobody answers",
      "redirect-literal",
      [7, "curl: (7) Failed to connect to 192.0.2.40 port 80 302 3fff:10:0:32::43 0.1"],
    ],
    ["they begin to come and do not end", "v6-mtu-silent", [28, "curl: (28) timed out 200 3fff:10::42 15.0"]],
  ])("fail where %s", (_what, fault, said) => {
    const row = faultChecks(lab, "c", "strict", resultsOn("strict", { [fault]: said })).find(
      (each) => each.fault === fault,
    );
    expect(row).toMatchObject({ status: "pass", outcome: { expected: "fails", seen: "fails" } });
  });

  it("that are answered with an error neither work nor fail, and say so", () => {
    const said: readonly [number, string] = [0, "404 192.0.2.42 0.1"];
    const results = resultsOn("strict", { "aaaa-blackhole": said, "ipv6-literals": said });
    const rows = faultChecks(lab, "c", "strict", results);
    expect(rows.find(({ fault }) => fault === "aaaa-blackhole")).toMatchObject({
      outcome: { expected: "fails", seen: "error" },
      remedy: expect.stringMatching(
        /^A server was reached, and its answer is an error\. It should have failed\./,
      ) as unknown,
    });
    expect(rows.find(({ fault }) => fault === "ipv6-literals")).toMatchObject({
      status: "skipped",
      evidence: "error: 404 192.0.2.42 0.1",
    });
    const grid = formatFaults([{ network: networkNamed("strict"), results }]);
    expect(grid.find((line) => line.startsWith("aaaa-blackhole"))).toMatch(/ERROR$/);
  });

  it("that came out wrong are judged by a second try, which is told, and the others are left alone", () => {
    const first = resultsOn("strict", { signed: [28, "curl: (28) timed out"], bogus: [0, "200 a 0"] });
    const second = resultsOn("strict", { bogus: [0, "200 a 0"] }).filter(({ fault }) =>
      ["signed", "bogus"].includes(fault.name),
    );
    const checks = faultChecks(lab, "c", "strict", withSecondTry(first, second));
    expect(checks.filter(({ status }) => status === "fail").map(({ fault }) => fault)).toEqual(["bogus"]);
    expect(checks.find(({ fault }) => fault === "signed")?.evidence).toBe(
      "200 192.0.2.42 0.1 (second try; the first: curl: (28) timed out)",
    );
    expect(checks.filter(({ evidence }) => evidence.includes("second try"))).toHaveLength(2);
  });

  it.each<[string, string, string, string]>([
    ["must fail, and came once, has a way there", "strict", "aaaa-blackhole", "fail"],
    ["must fail, and came once, may be DNS64's doing", "nat64", "aaaa-blackhole", "warning"],
    ["must work, and did not come once, may have waited too long", "strict", "signed", "warning"],
  ])("what %s", async (_what, network, name, status) => {
    const here = { ...client, network };
    const column = columnOf(here, networkNamed(network));
    const tries: string[][] = [];
    const seconds: number[] = [];
    const exec = (_command: string, { stdin }: { readonly stdin: string }) => {
      const lines = [...stdin.matchAll(/^([a-z0-9-]+) (?:http|https|dns):\/\/\S+/gm)].map(([, each = ""]) => each);
      tries.push(lines);
      seconds.push(Number(/^\d+\n(\d+)\n[a-z]/m.exec(stdin)?.[1]));
      const answers = lines.map((each) => {
        const fault = named(each);
        const works = (fault.expected[column] ?? "works") === "works";
        return [each, works !== (each === name && tries.length === 1)] as const;
      });
      const answer = (each: string): string => (named(each).url.startsWith("dns:") ? '"text"' : "200 192.0.2.42 0.1");
      const texts = answers.map(([each, works]): [string, string] => [
        each,
        works ? answer(each) : "curl: (28) timed out 000  0.0",
      ]);
      const codes = answers.map(([each, works]): [string, number] => [each, works ? 0 : 28]);
      return Promise.resolve({ stdout: printed(Object.fromEntries(texts), Object.fromEntries(codes)) });
    };
    const asked = { connection: { exec } as unknown as SshConnection, signal: new AbortController().signal };
    const results = await faultResults(lab, here, asked);
    expect(tries.map((all) => all.length)).toEqual(status === "fail" ? [faults.length] : [faults.length, 1]);
    expect(seconds).toEqual(status === "fail" ? [10] : [10, 15]);
    const odd = faultChecks(lab, "c", network, results).filter(
      ({ status: each }) => !["pass", "skipped"].includes(each),
    );
    expect(odd).toMatchObject([{ fault: name, status }]);
  });

  it.each([126, 127])("are not passed where what tries them ends with %i: it is not there", (code) => {
    const but = Object.fromEntries(faults.map(({ name }) => [name, [code, "curl: command not found"]] as const));
    const rows = faultChecks(lab, "client-1", "strict", resultsOn("strict", but));
    expect(rows.filter(({ status }) => status === "pass")).toEqual([]);
    const row = rows.find(({ fault }) => fault === "aaaa-blackhole");
    expect(row).toMatchObject({ status: "fail", outcome: { expected: "fails", seen: "fails" } });
    expect(row?.remedy).toContain("npm run ssh -- --stack dev client-1");
  });

  it("that could not be tried are tried again, and are in capitals whatever was expected", async () => {
    const here = { ...client, network: "strict" };
    const tries: number[] = [];
    const exec = (_command: string, { stdin }: { readonly stdin: string }) => {
      const names = [...stdin.matchAll(/^([a-z0-9-]+) (?:http|https|dns):\/\/\S+/gm)].map(([, each = ""]) => each);
      tries.push(names.length);
      const codes = Object.fromEntries(names.map((each) => [each, 126]));
      return Promise.resolve({ stdout: printed(Object.fromEntries(names.map((each) => [each, ""])), codes) });
    };
    const asked = { connection: { exec } as unknown as SshConnection, signal: new AbortController().signal };
    const results = await faultResults(lab, here, asked);
    const told = results.filter(({ expected }) => expected !== undefined);
    expect(tries).toEqual([faults.length, told.length]);
    expect(results.find(({ fault }) => fault.name === "bogus")?.evidence).toBe(
      "no answer (second try; the first: no answer)",
    );
    const grid = formatFaults([{ network: networkNamed("strict"), results }]);
    expect(grid.find((line) => line.startsWith("aaaa-blackhole"))).toMatch(/ FAILS$/);
    expect(grid.find((line) => line.startsWith("ipv6-literals"))).toMatch(/ \(fails\)$/);
  });

  it("are not tried where there is no simulated internet", async () => {
    const nobody = { exec: () => Promise.reject(new Error("nothing is to be asked")) } as unknown as SshConnection;
    const asked = { connection: nobody, signal: new AbortController().signal };
    await expect(faultResults(labOf(allScenarios), client, asked)).resolves.toEqual([]);
  });

  it.each<[string, readonly [number, string], string]>([
    ["nothing", [0, ""], "fails"],
    ["dig's own words", [0, ";; Truncated, retrying in TCP mode."], "fails"],
    ["an answer", [0, '"text"'], "works"],
    ["an answer, and dig's complaint", [9, '"text"'], "fails"],
  ])("that are questions come to what was told: %s", (_what, said, seen) => {
    const results = resultsOn("dual", { "v6-no-fragments": said });
    expect(results.find(({ fault }) => fault.name === "v6-no-fragments")?.seen).toBe(seen);
  });

  it("that must fail prove nothing where everything fails", () => {
    const but = Object.fromEntries(
      faults.map(({ name }) => [name, [6, "curl: (6) Could not resolve host 000"]] as const),
    );
    const rows = faultChecks(lab, "client-1", "strict", resultsOn("strict", but));
    expect(rows.filter(({ status }) => status === "pass")).toEqual([]);
    expect(rows.find(({ fault }) => fault === "aaaa-blackhole")).toMatchObject({
      status: "skipped",
      evidence: expect.stringMatching(/^nothing at all works here: .*Could not resolve/) as unknown,
    });
    expect(rows.find(({ fault }) => fault === "a-blackhole")?.status).toBe("fail");
    const columns = [{ network: networkNamed("strict"), results: resultsOn("strict", but) }];
    const grid = formatFaults(columns);
    expect(grid.find((line) => line.startsWith("aaaa-blackhole"))).toMatch(/ fails\?$/);
    expect(grid.find((line) => line.startsWith("a-blackhole"))).toMatch(/ FAILS$/);
    expect(grid.at(-1)).toBe("?: nothing at all works there, and what must fail proves nothing.");
    expect(formatFaults([{ network: networkNamed("strict"), results: resultsOn("strict") }]).join()).not.toContain("?");
  });

  it("that nobody has expectations of are skipped, with what was seen", () => {
    const [literals] = faultChecks(lab, "c", "strict", resultsOn("strict")).filter(
      ({ fault }) => fault === "ipv6-literals",
    );
    expect(literals).toMatchObject({ status: "skipped", evidence: "works: 200 192.0.2.42 0.1" });
  });

  it("are shown as a grid, what is not as it should be in capitals", () => {
    const grid = formatFaults([
      { network: networkNamed("strict"), results: resultsOn("strict", { "aaaa-blackhole": [0, "200 a 0"] }) },
      { network: networkNamed("dual"), results: resultsOn("dual") },
    ]);
    expect(grid[0]).toMatch(/^fault +strict {2}dual$/);
    expect(grid.find((line) => line.startsWith("aaaa-blackhole"))).toMatch(/WORKS {3}works$/);
    expect(grid.find((line) => line.startsWith("ipv6-literals"))).toContain("(works)");
    expect(formatFaults([{ network: networkNamed("dual"), results: [] }])).toEqual([]);
  });

  it("are counted in a report, and listed only when they came out wrong", () => {
    const right = faultChecks(lab, "c", "strict", resultsOn("dual"));
    const wrong = faultChecks(lab, "d", "strict", resultsOn("dual", { signed: [28, "curl: (28) timed out"] }));
    const text = formatReport(makeReport("lab", [...right, ...wrong], []));
    expect(text.split("\n").filter((line) => /^[cd] @ strict  /.test(line))).toHaveLength(1);
    expect(text).toContain(`${2 * faults.length - 1 - 2 * untold()} ok, 1 failed, ${2 * untold()} skipped`);
  });
});

function untold(): number {
  return faults.filter(({ expected }) => expected["dual-stack"] === undefined).length;
}
