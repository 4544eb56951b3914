import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { applyScript, lookScript } from "../services/script";

const project = join(__dirname, "..");
const files = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], {
  cwd: project,
  encoding: "utf8",
});
/** Pieces of one script, which is read as a whole. */
const isPiece = (file: string): boolean => /^services\/\w+\.sh$/.test(file);
const isShell = (file: string): boolean =>
  file.endsWith(".sh") || /^(#!.*sh|# shellcheck)\b/.test(readFileSync(join(project, file), "utf8").slice(0, 80));
const scripts = files
  .split("\n")
  .filter((file) => file !== "" && existsSync(join(project, file)) && isShell(file) && !isPiece(file));
const missing = spawnSync("shellcheck", ["--version"]).error !== undefined;

(missing ? describe.skip : describe)(`shellcheck${missing ? " (skipped: it is not installed)" : ""}`, () => {
  it.each(scripts)("finds nothing to say about %s", (script) => {
    const { stdout, status } = spawnSync("shellcheck", [script], { cwd: project, encoding: "utf8" });
    expect({ stdout, status }).toEqual({ stdout: "", status: 0 });
  });

  it.each([
    ["lays a bundle down", applyScript()],
    ["looks at the gateway", lookScript()],
  ])("finds nothing to say about what %s", (_what, script) => {
    // Unused in the second is what the first does with it.
    const { stdout, status } = spawnSync("shellcheck", ["--exclude=SC2034", "-"], { input: script, encoding: "utf8" });
    expect({ stdout, status }).toEqual({ stdout: "", status: 0 });
  });
});
