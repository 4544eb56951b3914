import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { confusionMatrix, programTable, type Row, summary } from "../../cli/bench/confusion";
import { corpus } from "../../cli/bench/corpus";
import { keep, type Kept, readKept } from "../../cli/bench/recordings";

const row = (network: string, name: string, expected: Row["expected"], told: string): Row => ({
  ...{ network, name, expected, told, seconds: 2 },
});

const rows = [
  row("nat64", "curl", "works", "works"),
  row("nat64", "nc", "a-only", "a-only"),
  row("dual", "curl", "works", "proxy"),
  row("dual", "socat", "works", "cannot-tell"),
];

describe("verdicts beside what is known", () => {
  it("stand in a line for each program, those that are wrong in capitals", () => {
    expect(programTable(rows).map((line) => line.trimEnd())).toEqual([
      "program  nat64   dual",
      "curl     works   PROXY",
      "nc       a-only  ·",
      "socat    ·       CANNOT-TELL",
    ]);
  });

  it("are counted by what is known and what was told", () => {
    expect(confusionMatrix(rows).map((line) => line.trimEnd())).toEqual([
      "known, and told as  a-only  works  cannot-tell  proxy",
      "a-only              1       ·      ·            ·",
      "works               ·       1      1            1",
    ]);
  });

  it("come to programs that are right on every network, and to controls that are blamed", () => {
    expect(summary(rows)).toEqual([
      "2 of 4 runs right; 1 of 3 programs right on every network; not right somewhere: curl, socat.",
      "1 of 3 controls blamed.",
    ]);
  });
});

describe("a run that is kept", () => {
  const kept: Kept = {
    seconds: 1.5,
    recording: {
      request: {
        stack: "corpus",
        network: { name: "dual", scenario: "dual-stack", ipv4: "native", nat64Prefix: undefined },
        ...{ client: "client-1", command: ["curl", "-4"], loopback4: true, lacks: [] },
      },
      end: {
        ...{ code: 7, problem: undefined, timedOut: false, stopped: false, startedAt: 1, endedAt: 2.5 },
        ...{
          withoutRights: [],
          left: [],
          trace: "1 1.0 +++ exited with 7 +++\n",
          kernel: "",
          hosts: "",
          resolvConf: "",
        },
        ...{ resolver: "", notThere: [] },
        ...{ containers: "2 1.1 +++ exited with 0 +++\n", daemons: "2 2 dockerd", namespace: "net:[4026531840]" },
        ...{ tracedByRoot: true, goingOn: ["nginx"] },
      },
      sessions: [],
      faultsOn: [],
      gatewayLacks: ["unbound.service is inactive (dead)"],
      askedAgain: [],
      listening: undefined,
    },
  };
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "ipv6lab-kept-"));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  it("is read as it was, with what it does not have", () => {
    keep(folder, "dual", "curl -4", kept);
    expect(readKept(folder, "dual", "curl -4")).toStrictEqual(kept);
  });

  it("is not there for another network or another program", () => {
    keep(folder, "dual", "curl -4", kept);
    expect(readKept(folder, "nat64", "curl -4")).toBeUndefined();
    expect(readKept(folder, "dual", "curl")).toBeUndefined();
  });
});

it("has a file of its own for each program of the corpus", () => {
  const files = corpus.map(({ name }) => name.replace(/[^\w.-]+/g, "-"));
  expect(new Set(files).size).toBe(corpus.length);
});
