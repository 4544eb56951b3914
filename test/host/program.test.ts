import { spawnSync } from "node:child_process";
import { join } from "node:path";

const project = join(__dirname, "..", "..");

function run(program: string): { readonly status: number | null; readonly stdout: string } {
  const preload = join(project, "host", "program.cjs");
  return spawnSync(process.execPath, ["--require", preload, join(__dirname, program)], {
    cwd: project,
    encoding: "utf8",
    // One of them would never end.
    timeout: 60_000,
  });
}

describe("an error in the Pulumi program", () => {
  const { status, stdout } = run("failing-program.ts");

  it("is shown in colours to its end, although Pulumi's own files are in its stack", () => {
    expect(status).toBe(0);
    expect(stdout).toMatch(/node_modules.*pulumi.*resource\.js:\d+/s);
  });

  it("is shown with the line of TypeScript that it comes from", () => {
    expect(stdout).toMatch(/failing-program\.ts:9:/);
  });
});

describe("the compiler that Pulumi's SDK brings", () => {
  it("is loaded when a function is turned into text, and not before", () => {
    const { status, stdout } = run("serializing-program.ts");
    expect(status).toBe(0);
    const { before, after, text } = JSON.parse(stdout) as { before: number; after: number; text: string };
    expect(before).toBe(0);
    expect(after).toBeGreaterThan(1000);
    expect(text).toContain("return ()=>42;");
  });
});
