import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { BuiltImagePlan } from "../../plan/model";
import { explain, mmdebstrapArguments } from "../../provider/image/build";
import { recipeDigest, recipeOf, scriptDigests } from "../../provider/image/recipe";
import { temporaryFolder } from "./context";

const plan: BuiltImagePlan = {
  kind: "build",
  release: "trixie",
  mirror: undefined,
  jool: "prebuilt",
  extraPackages: [],
};

describe("a recipe's digest", () => {
  const digest = recipeDigest(recipeOf(plan, "x64"));

  it("is the same for the same plan", () => {
    expect(recipeDigest(recipeOf({ ...plan, extraPackages: [] }, "x64"))).toBe(digest);
    expect(digest).toMatch(/^[0-9a-f]{32}$/);
  });

  it.each([
    ["how Jool gets in", { ...plan, jool: "first-boot" as const }],
    ["the mirror", { ...plan, mirror: "http://mirror.example/debian" }],
    ["the packages", { ...plan, extraPackages: ["nmap"] }],
  ])("changes with %s", (_what, other) => {
    expect(recipeDigest(recipeOf(other, "x64"))).not.toBe(digest);
  });

  it("changes with the processor", () => {
    expect(recipeDigest(recipeOf(plan, "arm64"))).not.toBe(digest);
  });

  it("changes with every script and every file of the guest", () => {
    const recipe = recipeOf(plan, "x64");
    expect(Object.keys(recipe.scripts)).toEqual(
      expect.arrayContaining(["customize.sh", "prepare.sh", "files/etc/cloud/cloud.cfg.d/90_lab.cfg"]),
    );
    const scripts = { ...recipe.scripts, "customize.sh": "0".repeat(64) };
    expect(recipeDigest({ ...recipe, scripts })).not.toBe(digest);
  });

  it("does not change with what an editor leaves beside a file that it has open", () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder.path, "files"));
    for (const name of [
      "prepare.sh",
      ".prepare.sh.swp",
      "files/90_lab.cfg",
      "files/90_lab.cfg~",
      "files/.#90_lab.cfg",
    ]) {
      writeFileSync(join(folder.path, name), name);
    }
    symlinkSync("user@host.1", join(folder.path, "files", ".#prepare.sh"));
    expect(Object.keys(scriptDigests(folder.path))).toEqual(["files/90_lab.cfg", "prepare.sh"]);
    folder.remove();
  });

  it("ignores a package that is asked for twice", () => {
    expect(recipeDigest(recipeOf({ ...plan, extraPackages: ["curl"] }, "x64"))).toBe(digest);
  });
});

describe("a recipe", () => {
  it("takes the kernel and the console of the processor", () => {
    const recipe = recipeOf(plan, "arm64");
    expect(recipe.packages).toEqual(
      expect.arrayContaining(["linux-image-cloud-arm64", "linux-headers-cloud-arm64", "jool-dkms"]),
    );
    expect(recipe.kernelArguments).toContain("console=ttyAMA0");
  });

  it("is refused for a processor without a row", () => {
    expect(() => recipeOf(plan, "s390x")).toThrow("s390x");
  });
});

describe("mmdebstrap", () => {
  const recipe = { ...recipeOf(plan, "x64"), packages: ["curl", "sudo"] };

  it("is told everything on its command line", () => {
    const args = mmdebstrapArguments(recipe, "http://mirror.example/debian", "/work/root", true);
    expect(args).toEqual(
      expect.arrayContaining(["--mode=root", "--variant=minbase", "--include=curl,sudo", "--architectures=amd64"]),
    );
    expect(args.slice(-3)).toEqual(["trixie", "/work/root", "http://mirror.example/debian"]);
  });

  it("finds its hooks, which it gives to a shell, whatever the project's path has in it", () => {
    const hooks = mmdebstrapArguments(recipe, undefined, "/root", true, "/my project's/image").filter((word) =>
      word.includes("-hook="),
    );
    expect(hooks).toEqual([
      `--essential-hook='/my project'\\''s/image/prepare.sh' "$1"`,
      `--customize-hook='/my project'\\''s/image/customize.sh' "$1"`,
    ]);
  });

  it("works in a user namespace for an ordinary user, and takes Debian's mirror where there is no other", () => {
    const args = mmdebstrapArguments(recipe, undefined, "/work/root", false);
    expect(args).toContain("--mode=unshare");
    expect(args.slice(-2)).toEqual(["trixie", "/work/root"]);
  });

  it.each([
    [
      "no network",
      "I: running apt-get update...\nErr:1 http://mirror.example trixie InRelease\n  Temporary failure resolving 'mirror.example'\nE: apt-get failed",
      /http:\/\/mirror\.example\/debian.*cannot be reached.*image\.mirror/,
    ],
    [
      "a full disk",
      "dpkg: error: failed to write: No space left on device\nE: apt failed",
      /disk is full.*IPV6LAB_CACHE/,
    ],
    [
      "refused name spaces",
      "E: unshare failed: Operation not permitted",
      /run once as root, or set image\.kind to cloud/,
    ],
    ["anything else", "E: Unable to locate package nonsense", /Unable to locate package nonsense/],
  ])("is explained when it fails for %s", (_why, output, message) => {
    expect(explain(output, "http://mirror.example/debian")).toMatch(message);
  });
});
