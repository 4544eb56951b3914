import type { Scenario } from "../../plan/scenario";
import { comparisonText } from "../../exec/report/comparison";
import { judge } from "../../exec/verdict";
import type { Run } from "../../exec/run";
import { recorded, runOf } from "./recorded";
import { WrittenTrace } from "./written-trace";

function on(scenario: Scenario, trace: string, change: Partial<Run> = {}, end: Partial<Run["end"]> = {}) {
  const ipv4 = scenario === "dual-stack" || scenario === "ipv4-only" ? "native" : "none";
  const network = { name: scenario.slice(-6), scenario, ipv4, nat64Prefix: undefined } as const;
  const run = { ...recorded(trace, { network }, end), ...change };
  return { run, verdict: judge(run) };
}

const works = "curl-both";
const fails = "python-a-only";

describe("one program on several networks", () => {
  it("is told of a line each, with the cause where it fails", () => {
    expect(comparisonText([on("dual-stack", works), on("ipv6-only-strict", fails)])).toBe(
      [
        "  -stack (Dual-stack)        works",
        "  strict (IPv6-only-strict)  FAILS it asks for IPv4 addresses only",
        "It works wherever there is IPv4 and nowhere else: it needs IPv4.",
      ].join("\n"),
    );
  });

  it.each<[string, readonly (readonly [Scenario, string])[], string]>([
    [
      "that works everywhere",
      [
        ["dual-stack", works],
        ["ipv6-only-nat64", works],
      ],
      "It works on every one of them.",
    ],
    [
      "that fails with IPv4 too is not said to need it",
      [
        ["dual-stack", fails],
        ["ipv6-only-nat64", fails],
      ],
      "It fails with IPv4 too: the want of IPv4 is not the reason, or not the only one.",
    ],
    [
      "that works without IPv4 on some networks",
      [
        ["dual-stack", works],
        ["ipv6-only-nat64", works],
        ["ipv6-only-strict", fails],
      ],
      "With IPv4 it works everywhere, without it on some networks.",
    ],
  ])("%s", (_what, runs, conclusion) => {
    expect(
      comparisonText(runs.map(([scenario, trace]) => on(scenario, trace)))
        .split("\n")
        .at(-1),
    ).toBe(conclusion);
  });

  const fault = { name: "v6-blackhole", client: "all", to: "everywhere", atWork: true, packets: 1, table: "t" };

  it.each<[string, ReturnType<typeof on>]>([
    ["the lab was not whole", on("ipv6-only-nat64", fails, { gatewayLacks: ["jool is failed"] })],
    ["the client was not as it should be", on("ipv6-only-nat64", fails, { lacks: ["the address 2001:db8::1"] })],
    ["the client was moved meanwhile", on("ipv6-only-nat64", works, {}, { problem: "moved" })],
    ["the record was lost", on("ipv6-only-nat64", works, {}, { problem: "unrecorded" })],
    ["somebody's fault is in the way", on("ipv6-only-nat64", fails, { faultsOn: [fault] })],
  ])("concludes nothing of IPv4 where %s", (_what, other) => {
    for (const judged of [on("dual-stack", works), on("dual-stack", fails)])
      expect(comparisonText([judged, other]).split("\n")).toHaveLength(2);
  });

  it("does not say of a program that it needs IPv4 whose server has no IPv6", () => {
    const none = new WrittenTrace("app").resolve("four.example", ["198.51.100.7"], []).exit(1);
    const strict = { name: "strict", scenario: "ipv6-only-strict", ipv4: "none", nat64Prefix: undefined } as const;
    const run = runOf(none, { network: strict });
    const text = comparisonText([on("dual-stack", works), { run, verdict: judge(run) }]);
    expect(text.split("\n").at(-1)).toBe("It works wherever there is IPv4 and nowhere else.");
  });

  it("concludes nothing where only networks without IPv4 were tried and all fail", () => {
    const text = comparisonText([on("ipv6-only-nat64", fails), on("ipv6-only-strict", fails)]);
    expect(text.split("\n")).toHaveLength(2);
  });
});
