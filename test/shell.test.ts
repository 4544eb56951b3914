import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

const project = join(__dirname, "..");
const files = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], {
  cwd: project,
  encoding: "utf8",
});
const isShell = (file: string): boolean =>
  file.endsWith(".sh") || /^(#!.*sh|# shellcheck)\b/.test(readFileSync(join(project, file), "utf8").slice(0, 80));
const scripts = files.split("\n").filter((file) => file !== "" && existsSync(join(project, file)) && isShell(file));
const missing = spawnSync("shellcheck", ["--version"]).error !== undefined;

(missing ? describe.skip : describe)(`shellcheck${missing ? " (skipped: it is not installed)" : ""}`, () => {
  it.each(scripts)("finds nothing to say about %s", (script) => {
    const { stdout, status } = spawnSync("shellcheck", [script], { cwd: project, encoding: "utf8" });
    expect({ stdout, status }).toEqual({ stdout: "", status: 0 });
  });
});
