import { allScenarios, planOf } from "../fixtures/plan";

function expectedOf(expect: unknown) {
  return planOf({ ...allScenarios, checks: [{ title: "it", command: "true", expect }] }).ownChecks[0]?.expected;
}

describe("the stack's own checks", () => {
  it("are none without a word of configuration", () => {
    expect(planOf().ownChecks).toEqual([]);
  });

  it("try a command as it is written", () => {
    const plan = planOf({ checks: [{ title: "it", command: "curl -6 http://a.example/", expect: "works" }] });
    expect(plan.ownChecks[0]?.tries).toEqual({ kind: "command", command: "curl -6 http://a.example/" });
  });

  it("expect one outcome everywhere, where only one is said", () => {
    const everywhere = {
      dual: "fails",
      mostly: "fails",
      nat64: "fails",
      pref64: "fails",
      strict: "fails",
      v4: "fails",
    };
    expect(expectedOf("fails")).toEqual(everywhere);
  });

  it("expect what is said of a network before what is said of its scenario, and nothing where nothing is said", () => {
    expect(expectedOf({ "ipv6-only-nat64": "works", pref64: "fails", "dual-stack": "works" })).toEqual({
      ...{ dual: "works", nat64: "works", pref64: "fails" },
    });
  });

  it("may speak of a scenario that this lab has not", () => {
    const plan = planOf({ checks: [{ title: "it", url: "http://a.example/", expect: { "ipv4-only": "works" } }] });
    expect(plan.ownChecks).toStrictEqual([
      { title: "it", tries: { kind: "url", url: "http://a.example/" }, clients: undefined, timeout: 30, expected: {} },
    ]);
  });
});
