import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { findImage, obtainImage, requireSpace } from "../../provider/image/store";
import { startMark } from "../../host/processes";
import { recordedContext, temporaryFolder } from "./context";

const manifest = { format: "raw", disk: "disk.raw", kernel: "kernel" } as const;

function fill(folder: string): Promise<typeof manifest> {
  writeFileSync(join(folder, "disk.raw"), "disk");
  writeFileSync(join(folder, "kernel"), "kernel");
  return Promise.resolve(manifest);
}

describe("the image cache", () => {
  let folder: ReturnType<typeof temporaryFolder>;
  beforeEach(() => {
    folder = temporaryFolder();
  });
  afterEach(() => {
    folder.remove();
  });

  it("makes an image once and finds it from then on", async () => {
    let made = 0;
    const make = (path: string): Promise<typeof manifest> => {
      made += 1;
      return fill(path);
    };
    const first = await obtainImage("d1", recordedContext(), make, folder.path);
    const second = await obtainImage("d1", recordedContext(), make, folder.path);
    expect(made).toBe(1);
    expect(second).toEqual(first);
    expect(first.disk).toBe(join(folder.path, "d1", "disk.raw"));
    expect(readdirSync(folder.path)).toEqual(["d1"]);
  });

  it("knows no image of which a file was deleted", async () => {
    const image = await obtainImage("d1", recordedContext(), fill, folder.path);
    rmSync(image.disk);
    expect(findImage("d1", folder.path)).toBeUndefined();
    await obtainImage("d1", recordedContext(), fill, folder.path);
    expect(existsSync(image.disk)).toBe(true);
  });

  it("keeps nothing of an image whose making failed", async () => {
    const failing = (path: string): Promise<typeof manifest> => {
      writeFileSync(join(path, "disk.raw"), "half");
      return Promise.reject(new Error("mirror gone"));
    };
    await expect(obtainImage("d1", recordedContext(), failing, folder.path)).rejects.toThrow("mirror gone");
    expect(readdirSync(folder.path)).toEqual([]);
  });

  it("takes over from a dead maker and removes what it left", async () => {
    const dead = spawnSync("true").pid;
    symlinkSync(`${dead}:1`, join(folder.path, "d1.lock"));
    mkdirSync(join(folder.path, "d1.partial-abcdef"));
    writeFileSync(join(folder.path, "d1.partial-abcdef", "disk.raw"), "half");
    await obtainImage("d1", recordedContext(), fill, folder.path);
    expect(readdirSync(folder.path)).toEqual(["d1"]);
  });

  it("waits for a living maker, says so, and stops waiting when it is cancelled", async () => {
    symlinkSync(`${process.pid}:${startMark(process.pid)}`, join(folder.path, "d1.lock"));
    const context = recordedContext();
    const waiting = obtainImage("d1", context, fill, folder.path);
    setTimeout(context.abort, 300);
    await expect(waiting).rejects.toThrow("cancelled by the test");
    expect(context.lines).toEqual([`waiting for the process ${process.pid}, which is making the same image`]);
    expect(existsSync(join(folder.path, "d1"))).toBe(false);
  });

  it("lets two that come at once share one making", async () => {
    let made = 0;
    const slow = async (path: string): Promise<typeof manifest> => {
      made += 1;
      await new Promise((resolve) => setTimeout(resolve, 300));
      return fill(path);
    };
    await Promise.all([1, 2].map(() => obtainImage("d1", recordedContext(), slow, folder.path)));
    expect(made).toBe(1);
  });

  it("says how much room is missing, and where", () => {
    expect(() => {
      requireSpace(folder.path, 2 ** 40, "The guest image");
    }).toThrow(new RegExp(`The guest image needs ${2 ** 40} MiB in ${folder.path}, and \\d+ MiB are free`));
  });
});
