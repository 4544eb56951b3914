import { spawnSync } from "node:child_process";
import { join } from "node:path";

const project = join(__dirname, "..", "..");

describe("an error in the Pulumi program", () => {
  const preload = join(project, "host", "program.cjs");
  const program = join(__dirname, "failing-program.ts");
  const { status, stdout } = spawnSync(process.execPath, ["--require", preload, program], {
    cwd: project,
    encoding: "utf8",
    // It would never end.
    timeout: 60_000,
  });

  it("is shown in colours to its end, although Pulumi's own files are in its stack", () => {
    expect(status).toBe(0);
    expect(stdout).toMatch(/node_modules.*pulumi.*resource\.js:\d+/s);
  });

  it("is shown with the line of TypeScript that it comes from", () => {
    expect(stdout).toMatch(/failing-program\.ts:9:/);
  });
});
