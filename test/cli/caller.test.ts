import { fromCaller } from "../../cli/caller";

const { argv, env } = process;
afterEach(() => {
  process.argv = argv;
  process.env = env;
});

function calledAs(script: string | undefined, command = "exec"): void {
  process.argv = ["node", "main.ts", command];
  process.env = { ...env, INIT_CWD: "/home/somebody/app", npm_lifecycle_event: script };
}

describe("a path that is given to a command", () => {
  it("counts from where npm was called, which runs the command in the checkout", () => {
    calledAs("exec");
    expect(fromCaller("build/app")).toBe("/home/somebody/app/build/app");
    expect(fromCaller("/abs")).toBe("/abs");
  });

  it("counts from where the command runs without npm, whatever script that is in", () => {
    for (const script of [undefined, "test"]) {
      calledAs(script);
      expect(fromCaller("app")).toBe(`${process.cwd()}/app`);
    }
  });

  it("is no path where it is nothing, or a stream", () => {
    calledAs("exec");
    expect([undefined, "", "-"].map((each) => fromCaller(each))).toEqual([undefined, "", "-"]);
  });
});
