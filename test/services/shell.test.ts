import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";

const project = join(__dirname, "..", "..");
const scripts = ["services", "cloud-init"].flatMap((room) =>
  readdirSync(join(project, room))
    .filter((name) => name.endsWith(".sh"))
    .map((name) => join(room, name)),
);
const missing = spawnSync("shellcheck", ["--version"]).error !== undefined;

(missing ? describe.skip : describe)(`shellcheck${missing ? " (skipped: it is not installed)" : ""}`, () => {
  it.each(scripts)("finds nothing to say about %s", (script) => {
    const { stdout, status } = spawnSync("shellcheck", [script], { cwd: project, encoding: "utf8" });
    expect({ stdout, status }).toEqual({ stdout: "", status: 0 });
  });
});
