/** The commands as npm runs them. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { projectRoot } from "../../host/paths";

const { scripts } = z
  .object({ scripts: z.record(z.string(), z.string()) })
  .parse(JSON.parse(readFileSync(join(projectRoot, "package.json"), "utf8")));
const commands = Object.entries(scripts).filter(([, line]) => line.includes("./host/typescript.cjs"));

it("each takes the place of the shell that npm starts: npm passes signals to that alone", () => {
  expect(commands.length).toBeGreaterThan(10);
  for (const [name, line] of commands) expect(`${name}: ${line}`).toMatch(/^\S+: exec node -r /);
});

it("a signal for npm, as a cancelled job has it, reaches the command, which is waited for", async () => {
  const folder = mkdtempSync(join(tmpdir(), "scripts-"));
  try {
    // In place of the command one that needs no lab.
    writeFileSync(
      join(folder, "command.js"),
      'process.on("SIGTERM", () => setTimeout(() => { console.log("told"); process.exit(5); }, 200));' +
        ' setTimeout(() => process.exit(6), 10000); console.log("ready");',
    );
    const line = (scripts.exec ?? "").replace(/-r .*/, "command.js");
    writeFileSync(join(folder, "package.json"), JSON.stringify({ scripts: { exec: line } }));
    const npm = spawn("npm", ["run", "--silent", "exec"], { cwd: folder, stdio: ["ignore", "pipe", "inherit"] });
    let said = "";
    npm.stdout.on("data", (chunk: Buffer) => {
      said += chunk.toString();
      if (said === "ready\n") npm.kill("SIGTERM");
    });
    // Of a command that went on by itself.
    npm.once("exit", () => setTimeout(() => npm.stdout.destroy(), 1000).unref());
    const [code] = z.tuple([z.number().nullable(), z.unknown()]).parse(await once(npm, "close"));
    expect({ code, said }).toEqual({ code: 5, said: "ready\ntold\n" });
  } finally {
    rmSync(folder, { recursive: true });
  }
}, 30_000);
