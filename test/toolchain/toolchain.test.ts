import { readFileSync } from "node:fs";
import { wantedRung } from "../../toolchain";
import { unsuitable } from "../../toolchain/installed";
import { compilerMemory } from "../../toolchain/module-build";
import { compareVersions, minimumVersion, moduleVersion, releaseVersion } from "../../toolchain/pins";
import { digestFor, releaseAsset } from "../../toolchain/release";
import { launcherText } from "../../toolchain/stand-ins";

describe("versions", () => {
  it("compare by number, with or without a prefix or suffix", () => {
    expect(compareVersions("3.9.0", "3.10.0")).toBeLessThan(0);
    expect(compareVersions("v3.259.0", "3.259.0")).toBe(0);
    expect(compareVersions("go1.26.8", "1.26")).toBeGreaterThan(0);
    expect(compareVersions("3.240.0-dev.1", minimumVersion)).toBe(0);
  });

  it("that are pinned are all new enough", () => {
    expect(compareVersions(moduleVersion, minimumVersion)).toBeGreaterThanOrEqual(0);
    expect(compareVersions(releaseVersion, minimumVersion)).toBeGreaterThanOrEqual(0);
  });

  it("of the release and of the modules are the ones in package.json and go.mod", () => {
    expect(readFileSync("package.json", "utf8")).toContain(`"@pulumi/pulumi": "${releaseVersion}"`);
    expect(readFileSync("toolchain/pulumi-cli/go.mod", "utf8")).toContain(
      `github.com/pulumi/pulumi/pkg/v3 v${moduleVersion}`,
    );
  });
});

describe("a pulumi that is already there", () => {
  it("is used when it is new enough and has its language host", () => {
    expect(unsuitable("3.259.0", true)).toBeUndefined();
  });

  it("is left alone when it is too old or without its language host, with the reason", () => {
    expect(unsuitable("3.100.0", true)).toBe(`its version 3.100.0 is older than ${minimumVersion}`);
    expect(unsuitable("3.259.0", false)).toContain("pulumi-language-nodejs");
  });
});

it("a word that names no rung of the ladder is refused with those that do", () => {
  expect(wantedRung("")).toBeUndefined();
  expect(wantedRung("modules")).toBe("modules");
  expect(() => wantedRung("brew")).toThrow("installed, release, modules or auto");
});

describe("the release", () => {
  it("has a tarball for Linux and macOS on both processors, and none elsewhere", () => {
    expect(releaseAsset("linux", "x64")).toBe(`pulumi-v${releaseVersion}-linux-x64.tar.gz`);
    expect(releaseAsset("darwin", "arm64")).toBe(`pulumi-v${releaseVersion}-darwin-arm64.tar.gz`);
    expect(releaseAsset("win32", "x64")).toBeUndefined();
  });

  it("is checked against its line in the list of digests", () => {
    const digest = "a".repeat(64);
    const list = `${"b".repeat(64)}  other.tar.gz\n${digest}  wanted.tar.gz\n`;
    expect(digestFor(list, "wanted.tar.gz")).toBe(digest);
    expect(() => digestFor(list, "missing.tar.gz")).toThrow("does not list missing.tar.gz");
  });
});

it("a compiler on each processor takes a third of the memory together, where that is a GiB for each", () => {
  const gibibyte = 2 ** 30;
  expect(compilerMemory(24 * gibibyte, 2)).toEqual({ GOGC: "off", GOMEMLIMIT: "4096MiB" });
  expect(compilerMemory(6 * gibibyte, 2)).toEqual({ GOGC: "off", GOMEMLIMIT: "1024MiB" });
  expect(compilerMemory(6 * gibibyte - 1, 2)).toEqual({});
  expect(compilerMemory(16 * gibibyte, 8)).toEqual({});
});

it("a launcher becomes Node, also in folders with quotes and blanks in their names", () => {
  expect(launcherText("/usr/bin/node", "/home/o'neil/a b.js")).toBe(
    `#!/bin/sh\nexec '/usr/bin/node' '/home/o'\\''neil/a b.js' "$@"\n`,
  );
});
