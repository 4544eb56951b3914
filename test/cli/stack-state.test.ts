import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { projectName } from "../../cli/project";
import { clearStaleLocks } from "../../cli/stack-state";
import { statePaths } from "../../host/paths";
import { temporaryFolder } from "../provider/context";

it("locks of dead runs and locks that are cut off are removed, those of other machines are left", () => {
  const folder = temporaryFolder();
  const state = statePaths(folder.path);
  const locks = join(state.backend, ".pulumi", "locks", "organization", projectName(), "dev");
  mkdirSync(locks, { recursive: true });
  const lock = (pid: number, host: string): string =>
    JSON.stringify({ pid, username: "u", hostname: host, timestamp: "2026-01-01T00:00:00Z" });
  writeFileSync(join(locks, "dead.json"), lock(spawnSync("true").pid, hostname()));
  writeFileSync(join(locks, "other.json"), lock(1, `not-${hostname()}`));
  writeFileSync(join(locks, "empty.json"), "");
  writeFileSync(join(locks, "half.json"), '{"pid":1,');
  expect(clearStaleLocks(state, "dev")).toEqual({ removed: 3, live: undefined });
  expect(readdirSync(locks)).toEqual(["other.json"]);
  folder.remove();
});
