import { spawn, spawnSync } from "node:child_process";
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { tryAcquire, withLock } from "../../host/lock";
import { typescriptLoader } from "../../host/paths";
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

it("a lock tells whoever waits of each owner that comes next", async () => {
  const owners = [1, 2].map(() => spawn("sleep", ["60"]));
  const pids = owners.map(({ pid }) => pid ?? 0);
  const owned = (pid: number): void => {
    rmSync(path, { force: true });
    symlinkSync(`${pid}:${startMark(pid)}`, path);
  };
  try {
    const waited: number[] = [];
    owned(pids[0] ?? 0);
    await withLock(
      path,
      (pid) => {
        waited.push(pid);
        if (waited.length === 1) owned(pids[1] ?? 0);
        else rmSync(path);
      },
      () => Promise.resolve(),
    );
    expect(waited).toEqual(pids);
  } finally {
    for (const owner of owners) owner.kill();
  }
});

it("a lock is free again when the work fails", async () => {
  await expect(withLock(path, unexpected, () => Promise.reject(new Error("no")))).rejects.toThrow("no");
  expect(existsSync(path)).toBe(false);
});

/** A lock as the process of this number, and of this start, would have left it. */
function leaveLock(pid: number, started: string): void {
  symlinkSync(`${pid}:${started}`, path);
}

it("the lock of a dead process is taken over", async () => {
  leaveLock(deadPid(), "1");
  expect(
    await withLock(
      path,
      () => undefined,
      () => Promise.resolve("in"),
    ),
  ).toBe("in");
});

it("the lock of a dead process is taken over when its number belongs to another process now", () => {
  leaveLock(process.pid, `${startMark(process.pid)}9`);
  expect(tryAcquire(path)).toBe(false);
  expect(tryAcquire(path)).toBe(true);
});

it("the lock of a living process is respected", () => {
  leaveLock(process.pid, startMark(process.pid));
  expect(tryAcquire(path)).toBe(false);
  expect(tryAcquire(path)).toBe(false);
});

it.each(["", '{"pid":1,'])("a file that is no lock (%j) does not block for ever", (text) => {
  writeFileSync(path, text);
  expect(tryAcquire(path)).toBe(false);
  expect(tryAcquire(path)).toBe(true);
});

it("a stale lock is left to the process that is about to remove it", () => {
  const stale = `${deadPid()}:1`;
  symlinkSync(stale, path);
  symlinkSync(`${process.pid}:${startMark(process.pid)}`, `${path}.of-${stale}`);
  expect(tryAcquire(path)).toBe(false);
  expect(readlinkSync(path)).toBe(stale);
});

it("a process that died while it removed a stale lock blocks nobody, and leaves nothing", () => {
  const stale = `${deadPid()}:1`;
  symlinkSync(stale, path);
  symlinkSync(`${deadPid()}:2`, `${path}.of-${stale}`);
  const tries = [1, 2, 3].map(() => tryAcquire(path));
  expect(tries).toEqual([false, false, true]);
  expect(readdirSync(folder)).toEqual(["lock"]);
});

it("of many processes that find the same stale lock one is in at a time", async () => {
  leaveLock(deadPid(), "1");
  const log = join(folder, "log");
  const program = `
    const { appendFileSync } = require("node:fs");
    const { withLock } = require(${JSON.stringify(join(__dirname, "..", "..", "host", "lock"))});
    const enter = async () => {
      appendFileSync(${JSON.stringify(log)}, "in\\n");
      await new Promise((resolve) => setTimeout(resolve, 5));
      appendFileSync(${JSON.stringify(log)}, "out\\n");
    };
    void (async () => { for (let i = 0; i < 5; i += 1) await withLock(${JSON.stringify(path)}, () => {}, enter); })();
  `;
  const ended = [1, 2, 3, 4].map(() => {
    const child = spawn(process.execPath, [...typescriptLoader, "--eval", program], { stdio: "inherit" });
    return new Promise((resolve) => child.on("close", resolve));
  });
  expect(await Promise.all(ended)).toEqual([0, 0, 0, 0]);
  expect(readFileSync(log, "utf8")).toBe("in\nout\n".repeat(20));
}, 60_000);
