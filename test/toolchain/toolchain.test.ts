import { createHash, randomBytes } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { type IncomingHttpHeaders, type Server, createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { wantedRung } from "../../toolchain";
import { UnreachableError, downloadFile, fetchText } from "../../host/download";
import { unsuitable } from "../../toolchain/installed";
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

it("a launcher becomes Node, also in folders with quotes and blanks in their names", () => {
  expect(launcherText("/usr/bin/node", "/home/o'neil/a b.js")).toBe(
    `#!/bin/sh\nexec '/usr/bin/node' '/home/o'\\''neil/a b.js' "$@"\n`,
  );
});

describe("a download", () => {
  const content = randomBytes(300_000);
  const sha256 = createHash("sha256").update(content).digest("hex");
  let folder: string;
  let server: Server;
  let url: string;
  let seen: IncomingHttpHeaders[];

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "download-"));
    seen = [];
    server = createServer((request, response) => {
      seen.push(request.headers);
      if (request.url === "/moved") response.writeHead(302, { location: "/file" }).end();
      else if (request.url !== "/file") response.writeHead(404).end();
      else {
        const from = Number(/bytes=(\d+)-/.exec(request.headers.range ?? "")?.[1] ?? 0);
        if (from >= content.length) response.writeHead(416).end();
        else response.writeHead(from === 0 ? 200 : 206).end(content.subarray(from));
      }
    });
    url = await new Promise((resolve) => {
      server.listen(0, "127.0.0.1", () => {
        const address = server.address();
        resolve(`http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`);
      });
    });
  });

  afterEach(async () => {
    rmSync(folder, { recursive: true });
    await new Promise((resolve) => server.close(resolve));
  });

  const nothing = (): void => undefined;

  it("follows a redirect and appears under its name when it is whole", async () => {
    const file = join(folder, "file");
    await downloadFile(`${url}/moved`, file, sha256, nothing);
    expect(readFileSync(file).equals(content)).toBe(true);
    expect(existsSync(`${file}.part`)).toBe(false);
  });

  it("goes on where an interrupted one stopped", async () => {
    const file = join(folder, "file");
    writeFileSync(`${file}.part`, content.subarray(0, 100_000));
    await downloadFile(`${url}/file`, file, sha256, nothing);
    expect(seen[0]?.range).toBe("bytes=100000-");
    expect(readFileSync(file).equals(content)).toBe(true);
  });

  it("is finished when the part was already whole", async () => {
    const file = join(folder, "file");
    writeFileSync(`${file}.part`, content);
    await downloadFile(`${url}/file`, file, sha256, nothing);
    expect(existsSync(file)).toBe(true);
  });

  it("with another digest is deleted and never takes the name", async () => {
    const file = join(folder, "file");
    await expect(downloadFile(`${url}/file`, file, "0".repeat(64), nothing)).rejects.toThrow(`is ${sha256}, not 000`);
    expect(existsSync(file) || existsSync(`${file}.part`)).toBe(false);
  });

  it("from a server that refuses or is not there is told apart from a wrong file", async () => {
    await expect(fetchText(`${url}/missing`)).rejects.toBeInstanceOf(UnreachableError);
    await expect(fetchText("http://127.0.0.1:1/file")).rejects.toBeInstanceOf(UnreachableError);
  });
});
