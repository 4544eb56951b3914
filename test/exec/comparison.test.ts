import type { Scenario } from "../../plan/scenario";
import { comparisonText } from "../../exec/report/comparison";
import { judge } from "../../exec/verdict";
import { recorded } from "./recorded";

function on(scenario: Scenario, trace: string) {
  const run = recorded(trace, {
    network: {
      name: scenario.slice(-6),
      scenario,
      ipv4: scenario === "dual-stack" || scenario === "ipv4-only" ? "native" : "none",
      nat64Prefix: undefined,
    },
  });
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

  it("concludes nothing where only networks without IPv4 were tried and all fail", () => {
    const text = comparisonText([on("ipv6-only-nat64", fails), on("ipv6-only-strict", fails)]);
    expect(text.split("\n")).toHaveLength(2);
  });
});
