/** What stands in probes/faults.sh, run by a shell and a curl against a server on loopback. */
import { spawn, spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { parseSections, type Sections } from "../../verify/sections";

const probes = join(__dirname, "..", "..", "verify", "probes");
const script = ["common.sh", "faults.sh"].map((name) => readFileSync(join(probes, name), "utf8")).join("");
const withCurl = spawnSync("curl", ["--version"]).status === 0 ? it : it.skip;

let server: Server;
let url: string;
let connections: number;

beforeEach(async () => {
  connections = 0;
  server = createServer((request, response) => {
    if (request.url === "/silent") return;
    if (request.url === "/moved") response.writeHead(302, { location: "/" });
    response.end("content");
  }).on("connection", () => connections++);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("A TCP server has a port.");
  url = `http://127.0.0.1:${address.port}`;
});

afterEach(async () => {
  const closed = new Promise((resolve) => server.close(resolve));
  server.closeAllConnections();
  await closed;
});

async function probe(atOnce: number, seconds: number, lines: readonly string[], path?: string): Promise<Sections> {
  const env = path === undefined ? process.env : { ...process.env, PATH: path };
  const shell = spawn("bash", ["-c", script], { env, stdio: ["pipe", "pipe", "inherit"] });
  shell.stdin.end([String(atOnce), String(seconds), ...lines, ""].join("\n"));
  return parseSections(await text(shell.stdout));
}

/** A folder with what the probe needs but for curl, in whose place such a script is. */
async function withPrograms(curl: string | undefined, use: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "programs-"));
  try {
    for (const name of ["bash", "cat", "mktemp", "rm"]) {
      symlinkSync(spawnSync("which", [name], { encoding: "utf8" }).stdout.trim(), join(folder, name));
    }
    if (curl !== undefined) {
      writeFileSync(join(folder, "curl"), `#!/usr/bin/env bash\n${curl}\n`);
      chmodSync(join(folder, "curl"), 0o755);
      symlinkSync("/usr/bin/env", join(folder, "env"));
    }
    await use(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe("the probe of the faults", () => {
  withCurl("tells what became of each, as curl says it", async () => {
    const said = await probe(24, 10, [
      `plain ${url}/`,
      `moved ${url}/moved`,
      "refused http://127.0.0.1:1/",
      "unknown http://unknown.invalid/",
      `proxied ${url}/ http://127.0.0.1:1`,
    ]);
    expect([...said.keys()].sort()).toEqual(["moved", "plain", "proxied", "refused", "unknown"]);
    const outputs = Object.fromEntries([...said].map(([name, { exitCode, output }]) => [name, [exitCode, output]]));
    expect(outputs).toEqual({
      plain: [0, expect.stringMatching(/^200 127\.0\.0\.1 \d\.\d+$/)],
      moved: [0, expect.stringMatching(/^200 127\.0\.0\.1 \d\.\d+$/)],
      refused: [7, expect.stringMatching(/^curl: \(7\) .*connect.* 000 {2}\d\.\d+$/)],
      unknown: [6, expect.stringMatching(/^curl: \(6\) .*unknown\.invalid 000 {2}\d\.\d+$/)],
      proxied: [7, expect.stringMatching(/^curl: \(7\) .* 000 {2}\d\.\d+$/)],
    });
  });

  withCurl("gives each a time limit of its own, and holds up nobody for one that is silent", async () => {
    const lines = [`silent ${url}/silent`, ...[1, 2, 3, 4].map((index) => `plain-${index} ${url}/`)];
    const said = await probe(2, 1, lines);
    expect([...said].map(([name, { exitCode }]) => [name, exitCode])).toEqual([
      ...[1, 2, 3, 4].map((index) => [`plain-${index}`, 0]),
      ["silent", 28],
    ]);
  });

  withCurl("tries none over a connection that another one has made", async () => {
    const said = await probe(
      1,
      10,
      [1, 2, 3].map((index) => `plain-${index} ${url}/`),
    );
    expect([...said.values()].map(({ exitCode }) => exitCode)).toEqual([0, 0, 0]);
    expect(connections).toBe(3);
  });

  it("tells nothing but that curl is not there, where it is not", async () => {
    await withPrograms(undefined, async (folder) => {
      const said = await probe(24, 10, ["plain http://192.0.2.1/", "other http://192.0.2.2/"], folder);
      expect([...said].map(([name, { exitCode }]) => [name, exitCode])).toEqual([
        ["other", 127],
        ["plain", 127],
      ]);
    });
  });

  it("does not take one for tried of which a curl that ended early has not told", async () => {
    const dies = 'echo "plain 0 200 0.1 [192.0.2.1] "; echo "out of memory" >&2; exit 27';
    await withPrograms(dies, async (folder) => {
      const said = await probe(24, 10, ["plain http://192.0.2.1/", "other http://192.0.2.2/"], folder);
      expect(Object.fromEntries(said)).toEqual({
        plain: { exitCode: 0, output: "200 192.0.2.1 0.1" },
        other: { exitCode: 126, output: "out of memory" },
      });
    });
  });
});
