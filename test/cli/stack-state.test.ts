import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { projectName } from "../../cli/project";
import { clearStaleLocks, removeLeftovers } from "../../cli/stack-state";
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

const onLinux = process.platform === "linux" ? it : it.skip;

onLinux.each(["pulumi", ".pulumi-wrapped"])("the lock of a live %s is left", async (name) => {
  const folder = temporaryFolder();
  const state = statePaths(folder.path);
  const locks = join(state.backend, ".pulumi", "locks", "organization", projectName(), "dev");
  mkdirSync(locks, { recursive: true });
  const program = join(folder.path, name);
  symlinkSync("/bin/sleep", program);
  const child = spawn(program, ["60"]);
  await once(child, "spawn");
  const lock = { pid: child.pid, username: "u", hostname: hostname(), timestamp: "2026-01-01T00:00:00Z" };
  writeFileSync(join(locks, "live.json"), JSON.stringify(lock));
  expect(clearStaleLocks(state, "dev")).toEqual({ removed: 0, live: { pid: lock.pid, timestamp: lock.timestamp } });
  expect(readdirSync(locks)).toEqual(["live.json"]);
  child.kill();
  await once(child, "exit");
  folder.remove();
});

it("what Pulumi leaves of a stack that is gone is removed, also what it was writing when it was killed; other stacks stay", () => {
  const folder = temporaryFolder();
  const state = statePaths(folder.path);
  const bookkeeping = join(state.backend, ".pulumi");
  for (const kind of ["backups", "history"]) {
    mkdirSync(join(bookkeeping, kind, projectName(), "dev"), { recursive: true });
    mkdirSync(join(bookkeeping, kind, projectName(), "dev2"), { recursive: true });
  }
  const stacks = join(bookkeeping, "stacks", projectName());
  mkdirSync(stacks, { recursive: true });
  const others = ["dev.json", "dev.jsonx.json", "dev.other.json", "dev2.json", "dev2.json.bak"];
  const leftovers = ["bak", "bak.attrs", "attrs", "bak.18ead34611f33e50.tmp", "18ead34611f33e50.tmp"];
  for (const file of [...others, ...leftovers.map((ending) => `dev.json.${ending}`)]) {
    writeFileSync(join(stacks, file), "{}");
  }
  removeLeftovers(state, "dev");
  expect(readdirSync(stacks).sort()).toEqual(others);
  for (const kind of ["backups", "history"])
    expect(readdirSync(join(bookkeeping, kind, projectName()))).toEqual(["dev2"]);
  folder.remove();
});
