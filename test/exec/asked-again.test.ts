/** A name that was met with SERVFAIL: whether its signatures are the reason, or nobody knows the name. */
import { askAgain, failedQuestions } from "../../exec/asked-again";
import { judge } from "../../exec/verdict";
import { recorded } from "./recorded";

const run = recorded("curl-bogus");
const resolvers = [...run.resolvers, "2001:db8::1"];

function told(validated: string, unvalidated: string, name = "bogus.test"): string {
  const verdict = judge({ ...run, askedAgain: [{ name, type: "AAAA", validated, unvalidated }] });
  if (verdict.kind !== "cause") return verdict.kind;
  const { cause, confidence, words } = verdict.finding;
  return `${cause}, ${confidence}: ${words}`;
}

describe("a name that the resolver says SERVFAIL of", () => {
  it("has signatures that do not hold, for certain, when there is an answer without validation alone", () => {
    expect(told("SERVFAIL", "NOERROR")).toBe(
      "dnssec, certain: The resolver answered SERVFAIL for bogus.test. Asked again afterwards it said SERVFAIL, and NOERROR when it was not to validate.",
    );
    expect(told("SERVFAIL", "NXDOMAIN")).toMatch(/^dnssec, certain: /);
    expect(told("SERVFAIL", "REFUSED")).toMatch(/^dnssec, possible: /);
  });

  it("is known to nobody when there is none", () => {
    expect(told("SERVFAIL", "SERVFAIL")).toMatch(/^name-not-resolved, certain: /);
    expect(told("SERVFAIL", "none")).toMatch(
      /^name-not-resolved, probable: .* and nothing when it was not to validate\.$/,
    );
  });

  it("was not found out at that moment when it is known afterwards: that says nothing of its signatures", () => {
    expect(told("NOERROR", "NOERROR")).toMatch(
      /^name-not-resolved, probable: .* Asked again afterwards it said NOERROR/,
    );
    expect(told("none", "none")).toMatch(/^name-not-resolved, probable: .* it said nothing, and nothing when/);
  });

  it("stays a guess where that was asked of another name, or of none", () => {
    expect(told("SERVFAIL", "NOERROR", "other.test")).toBe(
      "dnssec, possible: The resolver answered SERVFAIL for bogus.test.",
    );
  });
});

describe("what is asked again", () => {
  it("is each name that failed, once, and none that an address was told of", () => {
    expect(failedQuestions(run.activity.lookups, resolvers)).toEqual([
      { name: "bogus.test", type: expect.stringMatching(/^A/) as string },
    ]);
    expect(failedQuestions(recorded("curl-lame-aaaa").activity.lookups, resolvers)).toEqual([]);
    expect(failedQuestions(recorded("curl-both").activity.lookups, resolvers)).toEqual([]);
  });

  it("is none that a resolver of the program's own said it of, nor what a search domain completes", () => {
    const as = (change: object) => run.activity.lookups.map((lookup) => ({ ...lookup, ...change }));
    expect(failedQuestions(as({ server: "2001:db8:53::53" }), resolvers)).toEqual([]);
    expect(failedQuestions(as({ server: "2001:db8::1" }), resolvers)).toHaveLength(1);
    expect(failedQuestions(as({ name: "intranet" }), resolvers)).toEqual([]);
    expect(failedQuestions(as({ name: "intranet." }), resolvers)).toEqual([]);
  });

  const { signal } = new AbortController();
  const said = (status: string): string =>
    `;; ->>HEADER<<- opcode: QUERY, status: ${status}, id: 1\n;; flags: qr\nend 0\n`;

  it("is asked of the network's resolver, with checking and without, whatever the name looks like", async () => {
    const commands: string[] = [];
    const exec = (command: string) => {
      commands.push(command);
      const stdout = [
        said("SERVFAIL"),
        said("NOERROR"),
        said("SERVFAIL"),
        ";; no servers could be reached\nend 9\n",
      ].join("");
      return Promise.resolve({ code: 0, stdout, stderr: "", signal: undefined });
    };
    const questions = [
      { name: "-x.test", type: "AAAA" },
      { name: "it's.test", type: "A" },
    ];
    expect(await askAgain({ exec }, "2001:db8::1", questions, signal)).toEqual([
      { name: "-x.test", type: "AAAA", validated: "SERVFAIL", unvalidated: "NOERROR" },
      { name: "it's.test", type: "A", validated: "SERVFAIL", unvalidated: "none" },
    ]);
    expect(commands.join("\n").match(/^dig .*$/gm)).toEqual([
      expect.stringMatching(/^dig \+nocd .* '@2001:db8::1' -q '-x\.test' -t AAAA;/) as string,
      expect.stringMatching(/^dig \+cd .* '@2001:db8::1' -q '-x\.test' -t AAAA;/) as string,
      expect.stringContaining(` -q 'it'\\''s.test' -t A;`) as string,
      expect.stringContaining(` -q 'it'\\''s.test' -t A;`) as string,
    ]);
  });

  it("is told of nobody who could not be asked", async () => {
    const exec = () =>
      Promise.resolve({
        code: 0,
        stdout: `end 127\n${said("NOERROR")}`,
        stderr: "dig: command not found",
        signal: undefined,
      });
    expect(await askAgain({ exec }, "2001:db8::1", [{ name: "a.test", type: "A" }], signal)).toEqual([]);
  });
});
