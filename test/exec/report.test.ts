import { conclusion } from "../../exec/report/comparison";
import { reportHtml } from "../../exec/report/html";
import { reportJson } from "../../exec/report/json";
import { reportJunit } from "../../exec/report/junit";
import { reportText } from "../../exec/report/text";
import { judge } from "../../exec/verdict";
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

describe("JUnit's file of a program's runs", () => {
  it("has a case for each network, a failure where the program failed", () => {
    const xml = reportJunit(json, "update");
    expect(xml).toContain('tests="2" failures="1" errors="0"');
    expect(xml).toContain('<testcase classname="Dual-stack / dual-stack / client-1 / update" name="program"');
    expect(xml).toMatch(/<failure message="it asks for IPv4 addresses only: .*">Way out: /);
  });
});
