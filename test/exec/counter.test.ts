/** What a second run with IPv4 says of the first one without. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { inTheLightOf, needless } from "../../exec/counter";
import type { RunRequest } from "../../exec/run";
import type { ProgramEnd } from "../../exec/session";
import { judge, type Judged, type Verdict } from "../../exec/verdict";
import { recorded, runOf } from "./recorded";

function judged(name: string, request: Partial<RunRequest> = {}, end: Partial<ProgramEnd> = {}): Judged {
  const run = recorded(name, request, end);
  return { run, verdict: judge(run) };
}

const clat: Partial<RunRequest> = {
  network: { name: "lan", scenario: "ipv6-only-nat64", ipv4: "clat", nat64Prefix: "64:ff9b::/96" },
};

/** The recorded run as it would have gone on with a way to IPv4. */
function withIpv4(name: string): Judged {
  const trace = readFileSync(join(__dirname, "traces", `${name}.strace`), "utf8");
  const text = trace
    .replaceAll("= -1 ENETUNREACH (Network is unreachable)", "= 0")
    .replaceAll(/exited with \d+/g, "exited with 0");
  const run = runOf(text, clat);
  return { run, verdict: judge(run) };
}

function told(verdict: Verdict): string {
  return verdict.kind === "cause" ? `${verdict.finding.cause}, ${verdict.finding.confidence}` : verdict.kind;
}

it("confirms an IPv4 literal that works with a CLAT", () => {
  const { verdict, words } = inTheLightOf(judged("python-literal"), withIpv4("python-literal"));
  expect(told(verdict)).toBe("ipv4-literal, certain");
  expect(words).toBe(
    "It fails on IPv6-only with NAT64 (lan) and works there with a CLAT, where it dialled 198.51.100.7 without asking for a name: it dials an IPv4 literal.",
  );
});

it("confirms a program that asks for A only", () => {
  const { verdict, words } = inTheLightOf(judged("python-a-only"), withIpv4("python-a-only"));
  expect(told(verdict)).toBe("a-only, certain");
  expect(words).toContain("where it dialled 198.51.100.7, having asked for A of both.test and never for AAAA");
});

it.each(["python-literal", "python-a-only", "java-default"])(
  "finds the cause in what the program does with IPv4, where it could not be told without: %s",
  (name) => {
    const untold: Judged = judged("fails-alone", {}, { withoutRights: ["/usr/bin/sudo"] });
    expect(told(untold.verdict)).toBe("cannot-tell");
    const { verdict } = inTheLightOf(untold, withIpv4(name));
    const { verdict: known } = judged(name);
    expect(verdict.kind === "cause" && verdict.finding).toMatchObject({
      cause: known.kind === "cause" ? known.finding.cause : "",
      confidence: "probable",
    });
  },
);

it.each([
  ["sh-own-ipv4-address", "own-ipv4-address, probable", "own-ipv4-address, certain"],
  ["sh-own-addresses", "own-ipv4-address, possible", "own-ipv4-address, probable"],
])("confirms a program that looks for an IPv4 address of its own: %s", (name, before, after) => {
  const first = judged(name);
  expect(told(first.verdict)).toBe(before);
  const { verdict, words } = inTheLightOf(first, withIpv4(name));
  expect(told(verdict)).toBe(after);
  expect(words).toMatch(
    / works there with a CLAT, where client-1 has an IPv4 address: it looks for an IPv4 address of its own machine\.$/,
  );
});

it("takes certainty from a cause when IPv4 does not help", () => {
  const { verdict, words } = inTheLightOf(judged("python-literal"), judged("curl-refused", clat));
  expect(told(verdict)).toBe("ipv4-literal, possible");
  expect(words).toContain("with a CLAT too, because it does not fail for want of IPv4");
});

it("blames nobody when the second run works and did nothing by IPv4", () => {
  const first = judged("fails-alone", {}, { code: 130 });
  const { verdict, words } = inTheLightOf(first, judged("curl-both", clat));
  expect(verdict).toEqual(first.verdict);
  expect(words).toContain("was not seen to do anything by IPv4 there");
});

it("takes back that it was not for want of IPv4 when it works with IPv4, whatever it did by that", () => {
  const first = judged("fails-alone");
  expect(told(first.verdict)).toBe("not-for-want-of-ipv4, probable");
  const { verdict } = inTheLightOf(first, judged("curl-both", clat));
  expect(told(verdict)).toBe("cannot-tell");
  expect("words" in verdict && verdict.words).toMatch(/With a CLAT it works\.$/);
});

it("makes no cause certain that the second run did not use IPv4 for", () => {
  const first = judged("node-short-delay");
  const { verdict, words } = inTheLightOf(first, judged("node-fetch", clat));
  expect(told(verdict)).toBe("attempt-delay-too-short, probable");
  expect(words).toContain("was not seen to do anything by IPv4 there");
});

it("says so when the program is not on the client with the CLAT", () => {
  const first = judged("python-literal");
  const { verdict, words } = inTheLightOf(first, judged("fails-alone", clat, { problem: "missing" }));
  expect(verdict).toEqual(first.verdict);
  expect(words).toMatch(/^It could not be repeated with IPv4: program is not on client-1/);
});

it("is needed where a program fails without IPv4 on a network that translates", () => {
  expect(needless(judged("python-literal"))).toBeUndefined();
});

it.each<[string, Judged]>([
  ["there is no failure to explain", judged("curl-both")],
  ["lan has IPv4 already", judged("python-literal", clat)],
  [
    "nobody translates on strict, so no CLAT runs there",
    judged("python-literal", {
      network: { name: "strict", scenario: "ipv6-only-strict", ipv4: "none", nat64Prefix: undefined },
    }),
  ],
])("is needless where %s", (reason, run) => {
  expect(needless(run)).toBe(reason);
});
