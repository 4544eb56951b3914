import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { join } from "node:path";
import { cloudDigest, download, fetchCloudImage } from "../../provider/image/cloud";
import { imageSourceSchema } from "../../provider/image/source";
import { recordedContext, temporaryFolder } from "./context";

const content = Buffer.alloc(300_000, "an image of no use ");
const sha256 = createHash("sha256").update(content).digest("hex");

interface Behaviour {
  /** Answer ranges with 206, as RFC 9110 section 14 has it. */
  readonly ranges: boolean;
  /** Send only so many bytes of the first answer, and cut the connection when some of them have arrived. */
  readonly cut?: { readonly after: number; readonly arrived: () => boolean };
}

function serve(behaviour: Behaviour): Promise<{ url: string; ranges: (string | undefined)[]; server: Server }> {
  const ranges: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    ranges.push(request.headers.range);
    const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? "0");
    if (request.url === "/missing") {
      response.writeHead(404).end();
      return;
    }
    const part = behaviour.ranges ? content.subarray(start) : content;
    response.writeHead(behaviour.ranges && start > 0 ? 206 : 200, { "content-length": part.length });
    const { cut } = behaviour;
    if (cut !== undefined && ranges.length === 1) {
      response.write(part.subarray(0, cut.after));
      const timer = setInterval(() => {
        if (!cut.arrived()) return;
        clearInterval(timer);
        response.destroy();
      }, 5);
    } else {
      response.end(part);
    }
  });
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      const port = address !== null && typeof address === "object" ? address.port : 0;
      resolve({ url: `http://127.0.0.1:${port}`, ranges, server });
    });
  });
}

describe("the download of a cloud image", () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let server: Server | undefined;
  const cache = process.env.IPV6LAB_CACHE;
  beforeEach(() => {
    folder = temporaryFolder();
    process.env.IPV6LAB_CACHE = join(folder.path, "cache");
  });
  afterEach(() => {
    server?.closeAllConnections();
    server?.close();
    if (cache === undefined) delete process.env.IPV6LAB_CACHE;
    else process.env.IPV6LAB_CACHE = cache;
    folder.remove();
  });

  it("goes on where it was cut off", async () => {
    const part = join(folder.path, "image.part");
    const arrived = (): boolean => existsSync(part) && readFileSync(part).length > 0;
    const started = await serve({ ranges: true, cut: { after: 100_000, arrived } });
    server = started.server;
    await expect(download(`${started.url}/image`, part, recordedContext())).rejects.toThrow(
      /was cut off.*goes on from there/,
    );
    const received = readFileSync(part).length;
    expect(received).toBeGreaterThan(0);
    await download(`${started.url}/image`, part, recordedContext());
    expect(started.ranges).toEqual([undefined, `bytes=${received}-`]);
    expect(readFileSync(part).equals(content)).toBe(true);
  });

  it("starts again where the server cannot go on", async () => {
    const started = await serve({ ranges: false });
    server = started.server;
    const part = join(folder.path, "image.part");
    writeFileSync(part, "the beginning of another");
    await download(`${started.url}/image`, part, recordedContext());
    expect(readFileSync(part).equals(content)).toBe(true);
  });

  it("is kept when the digest is the promised one, with its progress told", async () => {
    const started = await serve({ ranges: true });
    server = started.server;
    const context = recordedContext();
    const source = { kind: "cloud", location: `${started.url}/image`, sha256, extraPackages: [] } as const;
    const disk = await fetchCloudImage(source, await cloudDigest(source, context), folder.path, context);
    expect(readFileSync(join(folder.path, disk)).equals(content)).toBe(true);
    expect(context.lines.at(-1)).toBe("downloading the image: 100 % (0 MiB)");
  });

  it("is thrown away when the digest is another", async () => {
    const started = await serve({ ranges: true });
    server = started.server;
    const wrong = "0".repeat(64);
    const source = { kind: "cloud", location: `${started.url}/image`, sha256: wrong, extraPackages: [] } as const;
    await expect(fetchCloudImage(source, wrong, folder.path, recordedContext())).rejects.toThrow(
      `has the SHA-256 ${sha256}, and image.sha256 says ${wrong}`,
    );
    expect(existsSync(join(folder.path, "cache", "images", "downloads", `${wrong}.part`))).toBe(false);
  });

  it("names the server's refusal, and a server that is not there", async () => {
    const started = await serve({ ranges: true });
    const part = join(folder.path, "image.part");
    await expect(download(`${started.url}/missing`, part, recordedContext())).rejects.toThrow("answered 404 Not Found");
    await new Promise((resolve) => started.server.close(resolve));
    await expect(download(`${started.url}/image`, part, recordedContext())).rejects.toThrow(/cannot be fetched.*Check/);
  });
});

describe("a cloud image from a file", () => {
  it("is known by its content, and held against the promised digest", async () => {
    const folder = temporaryFolder();
    const location = join(folder.path, "image.qcow2");
    writeFileSync(location, content);
    const source = { kind: "cloud", location, sha256: undefined, extraPackages: [] } as const;
    expect(await cloudDigest(source, recordedContext())).toBe(sha256);
    await expect(cloudDigest({ ...source, sha256: "0".repeat(64) }, recordedContext())).rejects.toThrow("SHA-256");
    await expect(cloudDigest({ ...source, location: `${location}.no` }, recordedContext())).rejects.toThrow(
      "does not exist",
    );
    folder.remove();
  });

  it("needs a digest only when it is downloaded", () => {
    const source = { kind: "cloud", location: "https://images.example/x.qcow2", extraPackages: [] };
    expect(imageSourceSchema.safeParse(source).error?.issues[0]).toMatchObject({ path: ["sha256"] });
    expect(imageSourceSchema.safeParse({ ...source, location: "x.qcow2" }).success).toBe(true);
    expect(imageSourceSchema.safeParse({ ...source, sha256 }).success).toBe(true);
  });
});
