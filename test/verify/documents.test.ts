import { DOMParser } from "@xmldom/xmldom";
import * as fc from "fast-check";
import { checkClient, checkGateway } from "../../verify/checks";
import { verifyJunit } from "../../verify/documents/junit";
import type { Look } from "../../verify/documents/look";
import { verifyPage } from "../../verify/documents/page";
import { columnOf, faultChecks, type FaultResult } from "../../verify/faults";
import { exitCodes, outcomeOf } from "../../verify/outcome";
import { rowKey } from "../../verify/packets";
import { type CheckResult, makeReport, unreachable } from "../../verify/report";
import { allScenarios } from "../fixtures/plan";
import { access, clientEvidence, gatewayEvidence, labOf } from "./fixtures";

const scenarios = labOf({ ...allScenarios, internet: { kind: "simulated" } }, "scenarios");

const fine: CheckResult = { machine: "gateway", check: "it runs", status: "pass", evidence: "all" };
const client = { machine: "client-1", network: "lan" };
const wrong: CheckResult = { ...client, check: "it works", status: "fail", evidence: "no", remedy: "Mend it." };
const unknown: CheckResult = { ...client, check: "it pings", status: "skipped", evidence: "no ICMP" };
const odd: CheckResult = { ...client, check: "it is steady", status: "warning", evidence: "late", remedy: "Look." };
const away = unreachable("gateway", "127.0.0.1, port 1", "/console.log", "refused", "npm run up");

function lookAt(results: readonly CheckResult[], lab = access): Look {
  const at = new Date("2026-11-25T15:04:05Z");
  return { report: makeReport("lab/dev", results, []), access: lab, at, seconds: 75, packets: new Map() };
}

/** A tour of every network where all is as it should be but for what `but` says of a fault on a network. */
function tourResults(but: (fault: string, network: string) => Partial<FaultResult> = () => ({})): CheckResult[] {
  const [reference] = scenarios.clients;
  if (reference === undefined) throw new Error("The fixture has no client.");
  return scenarios.promised.networks.flatMap((network) => {
    const results = scenarios.promised.faults.map((fault): FaultResult => {
      const expected = fault.expected[columnOf(reference, network)];
      const usual = { fault, expected, seen: expected ?? "works", evidence: "200 3fff:10::42 0.1" } as const;
      return { ...usual, ...but(fault.name, network.name) };
    });
    return faultChecks(scenarios, "client-1", network.name, results);
  });
}

describe("what a report comes to", () => {
  test.each<[string, readonly CheckResult[], number]>([
    ["all as expected", [fine, unknown], 0],
    ["one not so, whatever else there is", [fine, wrong, odd], 1],
    ["a client that cannot be reached, where the gateway was seen", [fine, { ...away, ...client }], 1],
    ["nobody could be asked", [away], 2],
    ["every check skipped", [unknown, unknown], 2],
    ["no check at all", [], 2],
    ["only warnings", [fine, odd, unknown], 3],
  ])("%s", (_what, results, code) => {
    expect(exitCodes[outcomeOf(makeReport("lab", results, []))]).toBe(code);
  });

  it("is a warning where a fault came right at the second try only, and nothing where it did at the first", () => {
    const unsteady = tourResults((fault, network) => (fault === "signed" && network === "dual" ? { again: true } : {}));
    expect(outcomeOf(makeReport("lab", unsteady, []))).toBe("warnings");
    expect(outcomeOf(makeReport("lab", tourResults(), []))).toBe("as expected");
  });
});

describe("JUnit's file", () => {
  it("has a suite for each machine and a case for each check, in the state that it has", () => {
    const xml = verifyJunit(lookAt([fine, wrong, unknown, odd]));
    expect(xml).toContain('<testsuites name="lab/dev verify" tests="4" failures="1" errors="0" skipped="1"');
    expect(xml).toContain('<testsuite name="client-1" tests="3"');
    expect(xml).toContain(
      '<testcase classname="lab/dev / client-1" name="it works" time="0.000"><failure message="no">Mend it.</failure>',
    );
    expect(xml).toContain('name="it is steady" time="0.000"><system-out>late\nWarning: Look.</system-out>');
  });

  it("tells a machine that could not be asked from one that fails", () => {
    expect(verifyJunit(lookAt([away]))).toContain('failures="0" errors="1"');
  });
});

describe("the page", () => {
  const pageOf = (results: readonly CheckResult[], lab = access): string => verifyPage(lookAt(results, lab));

  it("carries the packets of a row that has some, as a file that is one click away", () => {
    const results = tourResults((fault, network) =>
      fault === "signed" && network === "dual" ? { seen: "fails" } : {},
    );
    const row = results.find(({ status }) => status === "fail");
    if (row === undefined) throw new Error("One row fails.");
    const pcapng = Buffer.from("0a0d0d0a", "hex");
    const packets = new Map([[rowKey(row), { pcapng, words: "4 packets <of it>" }]]);
    const page = verifyPage({ ...lookAt(results, scenarios), packets });
    expect(page).toContain(
      '<a download="signed-dual.pcapng" href="data:application/octet-stream;base64,Cg0NCg==">signed-dual.pcapng</a>',
    );
    expect(page).toContain("4 packets &lt;of it&gt;");
    expect(page.match(/download=/g)).toHaveLength(1);
    expect(pageOf(results, scenarios)).not.toContain("download=");
  });

  test.each<[string, readonly CheckResult[]]>([
    ["As expected", [fine]],
    ["Not as expected", [fine, wrong]],
    ["Nothing could be told", [away]],
    ["As expected, with warnings", [fine, odd]],
  ])("begins with the verdict: %s", (words, results) => {
    expect(/<p class="verdict">(.*?)<\/p>/.exec(pageOf(results))?.[1]).toBe(words);
  });

  it("leads from the verdict to what is wrong, with what to do", () => {
    const page = pageOf([fine, wrong]);
    const [, id = ""] = /<li>.*<a href="#(check-\d+)">client-1: it works<\/a>.*Mend it\./.exec(page) ?? [];
    expect(page).toMatch(new RegExp(`<details open><summary>it works</summary><div class="inside" id="${id}">`));
  });

  it("tells when it was seen, how long it took and the exit code", () => {
    const page = pageOf([fine, odd]);
    expect(page).toContain("seen on 2026-11-25 15:04 UTC · it took 1 min 15 s");
    expect(page).toContain("exit code 3");
  });

  it("holds every check of a real look with its evidence", () => {
    const results = [...checkGateway(gatewayEvidence()), ...checkClient(clientEvidence())];
    const page = pageOf(results);
    for (const { check, evidence } of results) {
      expect(textOf(page)).toContain(check);
      expect(textOf(page)).toContain(evidence);
    }
  });

  it("says at its head which faults were on meanwhile", () => {
    const look = lookAt([fine]);
    const page = verifyPage({ ...look, report: { ...look.report, faultsOn: "Faults that are on: <all>" } });
    expect(page).toMatch(/<p>1 ok, .*<\/p><p>Faults that are on: &lt;all&gt;<\/p>/);
    expect(verifyPage(look)).not.toContain("<p></p>");
  });

  it("is a test report too whose every suite says which faults were on", () => {
    const look = lookAt([fine]);
    const report = { ...look.report, faultsOn: "Faults that are on: <all>" };
    expect(verifyJunit({ ...look, report })).toContain(
      '<properties><property name="faults switched on" value="Faults that are on: &lt;all&gt;"/></properties>',
    );
    expect(verifyJunit(look)).not.toContain("properties");
  });

  it("has no matrix where no fault was tried", () => {
    expect(pageOf([fine])).not.toContain('class="grid"');
  });

  describe("of every network", () => {
    const page = pageOf(
      tourResults((fault, network) => {
        if (fault === "a-blackhole" && network === "strict") return { seen: "fails" };
        return fault === "signed" && network === "v4" ? { again: true } : {};
      }),
      scenarios,
    );
    const rows = new Map(
      [...page.matchAll(/<tr><th scope="row"[^>]*>(.*?)<\/th>(.*?)<\/tr>/g)].map(([, name = "", cells = ""]) => [
        name,
        [...cells.matchAll(/<td class="(.*?)"><a href="#(.*?)">(.*?)<\/a><\/td>/g)].map(([, state, id, text]) => ({
          state,
          id,
          text,
        })),
      ]),
    );

    it("has a row for each fault and a column for each network", () => {
      expect([...rows.keys()].sort()).toEqual(scenarios.promised.faults.map(({ name }) => name).sort());
      expect(new Set([...rows.values()].map((cells) => cells.length))).toEqual(new Set([6]));
    });

    it("shows what was seen, and whether that is as expected", () => {
      const cells = (name: string) => rows.get(name)?.map(({ state, text }) => `${text ?? ""} (${state ?? ""})`);
      // dual, mostly, nat64, pref64, strict, v4
      const works = "✓ works (good)";
      expect(cells("a-blackhole")).toEqual([works, works, works, works, "✗ fails (bad)", "✓ fails (good quiet)"]);
      expect(cells("signed")).toEqual([works, works, works, works, works, "! works (warn)"]);
      expect(cells("ipv6-literals")).toEqual(Array.from({ length: 6 }, () => "· works (unknown)"));
    });

    it("leads from every cell to its evidence", () => {
      const ids = new Set([...page.matchAll(/ id="(.*?)"/g)].map(([, id]) => id));
      const cells = [...rows.values()].flat();
      expect(cells.filter(({ id }) => !ids.has(id))).toEqual([]);
      expect(new Set(cells.map(({ id }) => id)).size).toBe(cells.length);
    });

    it("marks each network in the picture with its own state", () => {
      const marks = [...page.matchAll(/<a href="#place-\d+"><rect class="box (\w+)"/g)].map(([, state]) => state);
      const wide = ["good", "good", "good", "good", "bad", "warn"];
      expect(marks).toEqual([...wide, ...wide]);
    });
  });

  it("shows checks of the stack's own in the matrix too, with what was run", () => {
    const check = { title: "the app answers", command: "./app --check", expect: "works" };
    const lab = labOf({ checks: [check] });
    const result: CheckResult = {
      ...{ ...client, check: `${check.title}: works`, own: check.title, status: "fail", evidence: "exit code 1" },
      outcome: { expected: "works", seen: "fails" },
    };
    const page = pageOf([fine, result], lab);
    expect(page).toMatch(
      /<th scope="row" title="the app answers">the app answers<\/th><td class="bad"><a href="#check-1">✗ fails/,
    );
    expect(page).toContain("<dt>Ran</dt><dd><code>./app --check</code></dd>");
  });

  it("escapes whatever a machine says", () => {
    const text = fc.string({ unit: fc.constantFrom("<", ">", "&", '"', "'", "script", " onload=", "a", "\u0000") });
    const usual = pageOf([{ ...wrong, check: "c", evidence: "e", remedy: "r", machine: "m" }]);
    const tags = (page: string): string[] => page.match(/<[a-z/!][^>]*>/gi) ?? [];
    fc.assert(
      fc.property(text, text, text, (check, evidence, remedy) => {
        const page = pageOf([{ ...wrong, check, evidence: `${evidence}.`, remedy: `${remedy}.`, machine: "m" }]);
        expect(tags(page)).toEqual(tags(usual));
      }),
    );
  });
});

/** What a reader sees. */
function textOf(page: string): string {
  const text = page.replace(/<(style|script)>[^]*?<\/\1>/g, "").replace(/<[^>]*>/g, "");
  return (
    new DOMParser().parseFromString(`<x>${text.replace("!doctype", "")}</x>`, "text/xml").documentElement
      ?.textContent ?? ""
  );
}
