/** What is said of a server that was tried from other machines. */
import { holdersOf, type Knock, type Listening } from "../../exec/listening";
import type { ProgramEnd } from "../../exec/session";
import { judge, type Verdict } from "../../exec/verdict";
import { exitCodeOf } from "../../exec/verdict/exit-code";
import { recorded } from "./recorded";

const own6 = "2001:2:0:6400::7";
const own4 = "192.168.46.7";

function knocks(from: string, tried: Readonly<Record<string, Knock["result"]>>): Knock[] {
  return Object.entries(tried).map(([address, result]) => ({ from, address, result, seconds: 0.1 }));
}

function told(verdict: Verdict): string {
  return verdict.kind === "cause" ? `${verdict.finding.cause}, ${verdict.finding.confidence}` : verdict.kind;
}

const stopped: Partial<ProgramEnd> = { code: 143, stopped: true };
const listening = (sockets: readonly string[], ...tried: Knock[][]): Listening => ({
  ...{ port: 8000, patience: 60, sockets },
  knocks: [...knocks("itself", { "::1": "open", "127.0.0.1": "open" }), ...tried.flat()],
});
const dual = { network: { name: "dual", scenario: "dual-stack", ipv4: "native", nat64Prefix: undefined } } as const;
const strict = {
  network: { name: "strict", scenario: "ipv6-only-strict", ipv4: "none", nat64Prefix: undefined },
} as const;

it("a server that another machine reaches works, and the words say from where and by what", () => {
  const seen = listening(
    ["*"],
    knocks("the gateway", { [own6]: "open", [own4]: "open" }),
    knocks("client-2 (v4)", { [own4]: "silent" }),
  );
  const verdict = judge(recorded("python-listens-both", dual, stopped, seen));
  expect(verdict).toEqual({
    kind: "works",
    words:
      "It listens on [::], both families, port 8000. Reached: from the gateway by IPv6; from the gateway by IPv4. " +
      "Not reached: from client-2 (v4) by IPv4, no answer.",
    remarks: [],
  });
});

describe("one that a machine's kernel let others reach, and that ended", () => {
  const seen = listening(["*"], knocks("the gateway", { [own6]: "open" }));

  it("with 1 by itself is not said to work: nobody knows whether it came to serve them", () => {
    const verdict = judge(recorded("lab/python-dies-of-ipv6", dual, {}, seen));
    expect(told(verdict)).toBe("cannot-tell");
    expect("words" in verdict && verdict.words).toMatch(/ended by itself with 1 then/);
  });

  it("with 1 for what is a cause fails for that", () => {
    const verdict = judge(recorded("python-dies-while-listening", strict, {}, seen));
    expect(told(verdict)).toBe("ipv4-literal, certain");
  });

  it("works where it was somebody else who ended it", () => {
    for (const code of [130, 124])
      expect(told(judge(recorded("python-listens-both", dual, { code }, seen)))).toBe("works");
  });

  it("is not said to work where it sent the signal itself", () => {
    const verdict = judge(recorded("lab/python-ends-itself", dual, {}, seen));
    expect(told(verdict)).toBe("cannot-tell");
    expect("words" in verdict && verdict.words).toMatch(/ended by itself with 143 then/);
  });

  it("with 0 has served whom it was to serve", () => {
    expect(told(judge(recorded("python-listens-both", dual, { code: 0 }, seen)))).toBe("works");
  });
});

it("one on 0.0.0.0 has a cause where there is IPv6 only, and a remark where IPv4 gets there", () => {
  const refused = listening(["0.0.0.0"], knocks("the gateway", { [own6]: "refused" }));
  expect(told(judge(recorded("python-listens-any", strict, stopped, refused)))).toBe("listens-on-ipv4-only, certain");
  const half = listening(["0.0.0.0"], knocks("the gateway", { [own6]: "refused", [own4]: "open" }));
  const verdict = judge(recorded("python-listens-any", dual, stopped, half));
  expect(verdict.kind === "works" && verdict.remarks.map(({ cause }) => cause)).toEqual(["listens-on-ipv4-only"]);
  expect(exitCodeOf([verdict])).toBe(3);
});

it("one on 127.0.0.1 has a cause on every network with IPv6", () => {
  for (const network of [strict, dual]) {
    const seen = listening(["127.0.0.1"], knocks("the gateway", { [own6]: "refused", [own4]: "refused" }));
    const verdict = judge(recorded("python-listens-loopback", network, stopped, seen));
    expect(told(verdict)).toBe("listens-on-loopback-ipv4, certain");
    expect(verdict.kind === "cause" && verdict.finding.line).toEqual(expect.any(Number));
  }
});

it("one on ::1 alone does not fail for want of IPv4", () => {
  const seen = listening(["[::1]"], knocks("the gateway", { [own6]: "refused" }));
  expect(told(judge(recorded("python-listens-both", strict, stopped, seen)))).toBe("not-for-want-of-ipv4, certain");
});

it("one that listens as it should and is not reached is not blamed", () => {
  const seen = listening(["*"], knocks("the gateway", { [own6]: "silent" }));
  expect(told(judge(recorded("python-listens-both", strict, stopped, seen)))).toBe("cannot-tell");
});

it("one that never listens there is told so, with what it listens on instead", () => {
  const verdict = judge(recorded("python-listens-any", strict, stopped, listening([])));
  expect(verdict.kind === "cannot-tell" && verdict.words).toMatch(
    /^It did not listen on TCP port 8000 within 60 s\. It listens on 0\.0\.0\.0:\d+\.$/,
  );
});

it("one whose port another program has does not work, though somebody is reached there", () => {
  const seen = { ...listening(["[64:ff9b::c633:6407]"], knocks("the gateway", { [own6]: "open" })), port: 80 };
  for (const end of [{}, { stopped: true }]) {
    const verdict = judge(recorded("python-port-taken", {}, end, seen));
    expect(told(verdict)).toBe("not-for-want-of-ipv4, certain");
    expect(verdict.kind === "cause" && verdict.finding.words).toMatch(/:80: EADDRINUSE/);
  }
});

it("tells who has a port that a server is to listen on", () => {
  const lines = 'LISTEN 0 128 0.0.0.0:22 0.0.0.0:* users:(("sshd",pid=612,fd=3))\nLISTEN 0 128 [::]:22 [::]:*\n';
  expect(holdersOf(lines)).toEqual(["sshd[612] listens at 0.0.0.0:22", "somebody listens at [::]:22"]);
  expect(holdersOf("")).toEqual([]);
});

it("one that ends before it listens is judged by what it did", () => {
  expect(told(judge(recorded("python-literal", {}, {}, listening([]))))).toBe("ipv4-literal, certain");
});

describe("the exit code of verdicts", () => {
  const works: Verdict = { kind: "works", words: "", remarks: [] };
  const blind: Verdict = { kind: "cannot-tell", words: "", remarks: [] };
  const cause = judge(recorded("python-literal"));

  it.each([
    [[works, works], 0],
    [[works, cause], 1],
    [[blind, cause], 1],
    [[works, blind], 2],
    [[{ kind: "not-run", words: "" }], 2],
    [[], 2],
  ] satisfies [Verdict[], number][])("is the worst of them: %#", (verdicts, code) => {
    expect(exitCodeOf(verdicts)).toBe(code);
  });
});

it("one that nobody could be asked about is not said not to have listened", () => {
  const seen = { ...listening([]), unasked: "the connection to client-1 was lost" };
  expect(judge(recorded("python-listens-any", strict, stopped, seen))).toEqual({
    kind: "cannot-tell",
    words: "Whether it listened on TCP port 8000 could not be asked: the connection to client-1 was lost",
    remarks: [],
  });
});
