/** A name that was met with SERVFAIL: whether its signatures are the reason, or nobody knows the name. */
import { askUnvalidated, failedQuestions } from "../../exec/unvalidated";
import { judge } from "../../exec/verdict";
import { recorded } from "./recorded";

const run = recorded("curl-bogus");

function told(rcode: string | undefined, name = "bogus.test"): string {
  const verdict = judge({ ...run, unvalidated: [{ name, type: "AAAA", rcode }] });
  return verdict.kind === "cause"
    ? `${verdict.finding.cause}, ${verdict.finding.confidence}: ${verdict.finding.words}`
    : verdict.kind;
}

describe("a name that the resolver says SERVFAIL of", () => {
  it("has signatures that do not hold, for certain, when there is an answer without validation", () => {
    expect(told("NOERROR")).toBe(
      "dnssec, certain: The resolver answered SERVFAIL for bogus.test, and NOERROR when it was asked not to validate.",
    );
    expect(told("NXDOMAIN")).toMatch(/^dnssec, certain: /);
  });

  it("is known to nobody when there is none", () => {
    expect(told("SERVFAIL")).toBe(
      "name-not-resolved, certain: The resolver answered SERVFAIL for bogus.test, and the same when it was asked not to validate.",
    );
    expect(told(undefined)).toMatch(/^name-not-resolved, certain: .* and nothing when it was asked not to validate\.$/);
  });

  it("stays a guess where that was asked of another name, or of none", () => {
    expect(told("NOERROR", "other.test")).toBe("dnssec, possible: The resolver answered SERVFAIL for bogus.test.");
  });
});

describe("what is asked again", () => {
  it("is each name that failed, once, and none that an address was told of", () => {
    expect(failedQuestions(run.activity.lookups)).toEqual([
      { name: "bogus.test", type: expect.stringMatching(/^A/) as string },
    ]);
    expect(failedQuestions(recorded("curl-lame-aaaa").activity.lookups)).toEqual([]);
    expect(failedQuestions(recorded("curl-both").activity.lookups)).toEqual([]);
  });

  it("is asked of the network's resolver with checking disabled, whatever the name looks like", async () => {
    const answers = ";; ->>HEADER<<- opcode: QUERY, status: NOERROR, id: 1\n;; flags: qr\nend\n;; timed out\nend\n";
    const commands: string[] = [];
    const exec = (command: string) => {
      commands.push(command);
      return Promise.resolve({ code: 0, stdout: answers, stderr: "", signal: undefined });
    };
    const questions = [
      { name: "-x.test", type: "AAAA" },
      { name: "it's.test", type: "A" },
    ];
    const { signal } = new AbortController();
    expect(await askUnvalidated({ exec }, "2001:db8::1", questions, signal)).toEqual([
      { name: "-x.test", type: "AAAA", rcode: "NOERROR" },
      { name: "it's.test", type: "A", rcode: undefined },
    ]);
    expect(commands.join("\n").match(/dig \+cd .*$/gm)).toEqual([
      expect.stringContaining(" '@2001:db8::1' -q '-x.test' -t AAAA;") as string,
      expect.stringContaining(` -q 'it'\\''s.test' -t A;`) as string,
    ]);
  });
});
