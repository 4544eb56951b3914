import { comparisonText, conclusion } from "../../exec/report/comparison";
import { reportHtml } from "../../exec/report/html";
import { reportJson } from "../../exec/report/json";
import { reportJunit } from "../../exec/report/junit";
import { reportText } from "../../exec/report/text";
import { judge, type Verdict } from "../../exec/verdict";
import type { Scenario } from "../../plan/scenario";
import { recorded } from "./recorded";

function on(scenario: Scenario, trace: string, command: readonly string[] = ["program"]) {
  const run = recorded(trace, {
    network: { name: scenario, scenario, ipv4: scenario === "dual-stack" ? "native" : "none", nat64Prefix: undefined },
    command,
  });
  return { run, verdict: judge(run) };
}

const judged = [on("dual-stack", "curl-both"), on("ipv6-only-strict", "python-a-only")];
const json = judged.map(({ run, verdict }) => reportJson(run, verdict));

describe("the page of a program's runs", () => {
  it("begins with what the runs say together, and leads to each of them", () => {
    const page = reportHtml(json, "installation", conclusion(judged));
    expect(page.indexOf("It works wherever there is IPv4 and nowhere else")).toBeLessThan(page.indexOf("<section"));
    const [links, ids] = [/href="#(run-\d)"/g, /<section id="(run-\d)"/g].map((form) =>
      [...page.matchAll(form)].map(([, id]) => id),
    );
    expect(links).toEqual(["run-0", "run-1"]);
    expect(ids).toEqual(links);
    expect(page).toContain("installation");
  });

  it("says of a program that works where the lab was not whole", () => {
    const run = { ...recorded("curl-both", {}, { code: 0 }), gatewayLacks: ["jool.service is failed (failed)"] };
    const verdict = judge(run);
    expect(verdict.kind).toBe("works");
    expect(reportText(run, verdict).split("\n")[2]).toContain("on the gateway jool.service is failed (failed)");
    expect(reportJson(run, verdict)).toMatchObject({ gatewayLacks: run.gatewayLacks });
  });

  it("says in every form that faults were in the program's way", () => {
    const on = { packets: 0, table: "t", atWork: true };
    const faultsOn = [
      { ...on, name: "v6-blackhole", client: "client-1", to: "everywhere" },
      { ...on, name: "dns-no-aaaa", client: "all", to: "both.test" },
    ];
    const words = "v6-blackhole for client-1, dns-no-aaaa for all clients to both.test";
    const reports = judged.map(({ run, verdict }) => {
      const met = { ...run, faultsOn };
      expect(reportText(met, verdict).split("\n")[1]).toContain(words);
      expect(reportText(run, verdict)).not.toContain("aults in its way");
      expect(reportText(run, verdict)).not.toContain("not whole");
      return reportJson(met, verdict);
    });
    expect(reports.map((each) => each.faultsOn.map(({ name }) => name))).toEqual([
      ["v6-blackhole", "dns-no-aaaa"],
      ["v6-blackhole", "dns-no-aaaa"],
    ]);
    expect(reportHtml(reports, undefined).split(words)).toHaveLength(3);
    expect(reportJunit(reports, undefined).split(words).length).toBeGreaterThanOrEqual(3);
    for (const text of [reportHtml(json, undefined), reportJunit(json, undefined)])
      expect(text).not.toContain("aults in its way");
  });

  it("tells the cause, the way out and what the program did", () => {
    const page = reportHtml(json.slice(1), undefined);
    expect(page).toContain('<span class="mark bad">fails</span> it asks for IPv4 addresses only');
    expect(page).toMatch(/Way out.*AF_UNSPEC/);
    expect(page).toContain("asks 127.0.0.53 for A of both.test: 198.51.100.7");
  });

  it("shows the pictures that a run left, in that run's card", () => {
    const page = reportHtml(json, undefined, "", [[], [{ name: 'a"b.png', url: "data:image/png;base64,AAAA" }]]);
    expect([...page.matchAll(/<img src="data:image\/png;base64,AAAA" alt="a&quot;b.png">/g)]).toHaveLength(1);
    expect(page.indexOf("<img")).toBeGreaterThan(page.indexOf('id="run-1"'));
  });

  it("holds nothing of what the program said to others: a password may be in it", () => {
    const { run, verdict } = on("dual-stack", "curl-proxy-refuses");
    expect(run.activity.attempts.map(({ sent }) => sent.head).join()).toContain("CONNECT four.test:80 HTTP/1.1");
    const file = JSON.stringify(reportJson(run, verdict));
    expect(file).toContain('"received":{"octets":');
    expect(file).not.toContain("CONNECT four.test:80 HTTP/1.1");
    const big = on("dual-stack", "python-udp-too-big");
    const [shown] = [reportJson(big.run, big.verdict).verdict].map((each) => ("call" in each ? each.call : ""));
    expect(shown).toMatch(/^sendto\(\d+, "…", 3000, .*2001:db8::2.* EMSGSIZE/);
  });

  it("shows the question that tells the cause", () => {
    const { run, verdict } = on("ipv6-only-strict", "python-a-only");
    expect(JSON.stringify(reportJson(run, verdict).verdict)).toMatch(/"call":"send[^"]*\(.*both\.test/);
  });

  it("holds no tag of the program's", () => {
    const { run, verdict } = on("dual-stack", "curl-both", ["<script>alert(1)</script>", '" onload="x']);
    const page = reportHtml([reportJson(run, verdict)], "<i>");
    expect(page).not.toMatch(/<script>alert|<i>|" onload="/);
  });
});

it("every form tells what stands beside the verdict", () => {
  const { run } = on("dual-stack", "python-literal-then-name");
  const whole = {
    ...run,
    end: { ...run.end, left: ["sleep 60"] },
    activity: { ...run.activity, unseen: ["a process uses io_uring(7)"] },
  };
  const remarks = [
    { cause: "ipv4-literal", confidence: "possible", words: "It dialled 198.51.100.7", process: 1, line: 1 },
  ] as const;
  const beside: Verdict = { kind: "works", words: "It ended with 0.", remarks };
  const report = reportJson(whole, beside, "It works with a CLAT.");
  const forms = [
    reportText(whole, beside, "It works with a CLAT."),
    reportHtml([report], undefined),
    reportJunit([report], undefined),
  ];
  for (const form of forms)
    for (const words of [
      "It works with a CLAT.",
      "it dials an IPv4 literal. It dialled 198.51.100.7",
      "io_uring(7)",
      "sleep 60",
      "It ended with 0.",
    ])
      expect(form).toContain(words);
  expect(comparisonText([{ run: whole, verdict: beside }])).toMatch(
    /^ {2}dual-stack \(Dual-stack\) {2}works, and something deserves a word/,
  );
});

it("every form tells of a client with a CLAT that it is one", () => {
  const network = { name: "net", scenario: "ipv6-only-nat64", ipv4: "clat", nat64Prefix: "64:ff9b::/96" } as const;
  const run = recorded("curl-both", { network });
  const report = reportJson(run, judge(run));
  for (const form of [reportText(run, judge(run)), reportHtml([report], undefined), reportJunit([report], undefined)])
    expect(form).toContain("IPv6-only with NAT64, by 464XLAT");
});

it("no argument of a program's moves the cursor or begins a line of a report's own", () => {
  const { run, verdict } = on("dual-stack", "curl-both", ["a\nWORKS  it", "\u001b[2Jb", "c\u009bd"]);
  const [head] = reportText(run, verdict).split("\n");
  expect(head).toContain("a\\nWORKS  it \\x1b[2Jb c\\x9bd · ");
});

it("a program that was run nowhere is not said to fail", () => {
  const runs = ["nat64", "dual"].map((name) => {
    const network = { name, scenario: "dual-stack", ipv4: "native", nat64Prefix: undefined } as const;
    const run = recorded("curl-both", { network }, { problem: "missing" });
    return { run, verdict: judge(run) };
  });
  expect(comparisonText(runs)).toBe("  nat64 (Dual-stack)  NOT RUN\n  dual (Dual-stack)   NOT RUN");
  const page = reportHtml(
    runs.map(({ run, verdict }) => reportJson(run, verdict)),
    undefined,
  );
  expect(page).toContain("It works on 0 of 2 networks. On 2 it was not run.");
  expect(page).toContain("Not run");
  expect(page).not.toMatch(/Fails/);
});

describe("JUnit's file of a program's runs", () => {
  it("has a case for each network, a failure where the program failed", () => {
    const xml = reportJunit(json, "update");
    expect(xml).toContain('tests="2" failures="1" errors="0"');
    expect(xml).toContain('<testcase classname="Dual-stack / dual-stack / client-1 / update" name="program"');
    expect(xml).toMatch(
      /<failure message="it asks for IPv4 addresses only: .*">Confidence: certain\nShown by: .*\nWay out: /,
    );
  });
});
