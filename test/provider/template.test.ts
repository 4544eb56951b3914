import { existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { machineType } from "../../provider/qemu/machine-types";
import {
  findTemplate,
  obtainTemplate,
  removeAbandonedTemplates,
  type TemplateDescription,
  templateKey,
  templatesFolder,
} from "../../provider/qemu/template";
import { recordedContext, temporaryFolder } from "./context";

const description: TemplateDescription = {
  type: machineType("x64", "linux"),
  accelerator: "tcg",
  memoryMiB: 512,
  cpus: 1,
  kernelArguments: "root=LABEL=root rw",
  sandbox: true,
};
const version = "QEMU emulator version 7.2.22";

describe("a template's key", () => {
  const key = templateKey(description, "image", version);

  it("is the same for the same image, machine and emulator", () => {
    expect(templateKey({ ...description }, "image", version)).toBe(key);
    expect(key).toMatch(/^[0-9a-f]{32}$/);
  });

  it.each([
    ["the image", templateKey(description, "other", version)],
    ["the emulator's version", templateKey(description, "image", "QEMU emulator version 10.0.2")],
    ["the memory", templateKey({ ...description, memoryMiB: 1024 }, "image", version)],
    ["the accelerator", templateKey({ ...description, accelerator: "kvm" }, "image", version)],
    ["the kernel's arguments", templateKey({ ...description, kernelArguments: "quiet" }, "image", version)],
    ["the sandbox", templateKey({ ...description, sandbox: false }, "image", version)],
  ])("changes with %s", (_what, other) => {
    expect(other).not.toBe(key);
  });
});

describe("a template", () => {
  const cache = temporaryFolder();
  let before: string | undefined;

  beforeAll(() => {
    before = process.env.IPV6LAB_CACHE;
    process.env.IPV6LAB_CACHE = cache.path;
  });

  afterAll(() => {
    cache.remove();
    if (before === undefined) delete process.env.IPV6LAB_CACHE;
    else process.env.IPV6LAB_CACHE = before;
  });

  it("is there only with its disk, its memory and its state", () => {
    const home = join(templatesFolder(), "0123");
    mkdirSync(home, { recursive: true });
    for (const name of ["disk.qcow2", "memory"]) writeFileSync(join(home, name), "");
    expect(findTemplate("0123")).toBeUndefined();
    writeFileSync(join(home, "state"), "");
    expect(findTemplate("0123")).toMatchObject({ folder: home, state: join(home, "state") });
  });

  it("that is there is taken, and nothing is made", async () => {
    const layOut = jest.fn();
    const found = await obtainTemplate("0123", description, layOut, recordedContext());
    expect(found.memory).toBe(join(templatesFolder(), "0123", "memory"));
    expect(layOut).not.toHaveBeenCalled();
  });

  it("that cannot be made leaves nothing, and its reason is told", async () => {
    const failed = obtainTemplate("4567", description, () => Promise.reject(new Error("no room")), recordedContext());
    await expect(failed).rejects.toThrow("no room");
    expect(readdirSync(templatesFolder())).toEqual(["0123"]);
  });

  it("that an `up` was making when it was killed is removed, one that is being made is not", async () => {
    const [abandoned, fresh] = ["89ab.partial-1", "cdef.partial-1"].map((name) => join(templatesFolder(), name));
    for (const folder of [abandoned, fresh]) mkdirSync(folder ?? "");
    symlinkSync("4194305:0", join(templatesFolder(), "89ab.lock"));
    const held = obtainTemplate(
      "cdef",
      description,
      async () => {
        mkdirSync(fresh ?? "", { recursive: true });
        await removeAbandonedTemplates();
        throw new Error(existsSync(fresh ?? "") ? "left alone" : "removed");
      },
      recordedContext(),
    );
    await expect(held).rejects.toThrow("left alone");
    expect(existsSync(abandoned ?? "")).toBe(false);
  });
});
