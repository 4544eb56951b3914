import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { tryAcquire, withLock } from "../../host/lock";
import { startMark } from "../../host/processes";

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "lock-"));
  path = join(folder, "lock");
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** The number of a process that has ended. */
function deadPid(): number {
  return spawnSync("true").pid;
}

const unexpected = (): never => {
  throw new Error("there was something to wait for");
};

it("a lock lets one after the other in, and tells the second whom it waits for", async () => {
  const order: string[] = [];
  const waited: number[] = [];
  const first = withLock(path, unexpected, async () => {
    order.push("first in");
    await new Promise((resolve) => setTimeout(resolve, 300));
    order.push("first out");
  });
  const second = withLock(
    path,
    (pid) => waited.push(pid),
    () => {
      order.push("second in");
      return Promise.resolve();
    },
  );
  await Promise.all([first, second]);
  expect(order).toEqual(["first in", "first out", "second in"]);
  expect(waited).toEqual([process.pid]);
});

it("a lock is free again when the work fails", async () => {
  await expect(withLock(path, unexpected, () => Promise.reject(new Error("no")))).rejects.toThrow("no");
  expect(existsSync(path)).toBe(false);
});

it("the lock of a dead process is taken over", async () => {
  writeFileSync(path, JSON.stringify({ pid: deadPid(), started: "1" }));
  expect(
    await withLock(
      path,
      () => undefined,
      () => Promise.resolve("in"),
    ),
  ).toBe("in");
});

it("the lock of a dead process is taken over when its number belongs to another process now", () => {
  writeFileSync(path, JSON.stringify({ pid: process.pid, started: `${startMark(process.pid)}9` }));
  expect(tryAcquire(path)).toBe(false);
  expect(tryAcquire(path)).toBe(true);
});

it("the lock of a living process is respected", () => {
  writeFileSync(path, JSON.stringify({ pid: process.pid, started: startMark(process.pid) }));
  expect(tryAcquire(path)).toBe(false);
  expect(tryAcquire(path)).toBe(false);
});

it("a lock that nobody can read does not block for ever", () => {
  writeFileSync(path, "");
  expect(tryAcquire(path)).toBe(false);
  expect(tryAcquire(path)).toBe(true);
});
