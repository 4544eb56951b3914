import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { join } from "node:path";
import { cloudDigest, fetchCloudImage } from "../../provider/image/cloud";
import { imageSourceSchema } from "../../provider/image/source";
import { recordedContext, temporaryFolder } from "./context";

const content = Buffer.alloc(300_000, "an image of no use ");
const sha256 = createHash("sha256").update(content).digest("hex");

function serve(): Promise<{ url: string; server: Server }> {
  const server = createServer((request, response) => {
    if (request.url === "/missing") response.writeHead(404).end();
    else response.writeHead(200, { "content-length": content.length }).end(content);
  });
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      const port = address !== null && typeof address === "object" ? address.port : 0;
      resolve({ url: `http://127.0.0.1:${port}`, server });
    });
  });
}

describe("the download of a cloud image", () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let started: Awaited<ReturnType<typeof serve>>;
  const cache = process.env.IPV6LAB_CACHE;
  beforeEach(async () => {
    folder = temporaryFolder();
    process.env.IPV6LAB_CACHE = join(folder.path, "cache");
    started = await serve();
  });
  afterEach(() => {
    started.server.closeAllConnections();
    started.server.close();
    if (cache === undefined) delete process.env.IPV6LAB_CACHE;
    else process.env.IPV6LAB_CACHE = cache;
    folder.remove();
  });

  function fetched(path: string, digest: string, context = recordedContext()): Promise<string> {
    const location = `${started.url}${path}`;
    const source = { kind: "cloud", location, sha256: digest, extraPackages: [] } as const;
    return fetchCloudImage(source, digest, folder.path, context);
  }

  it("is kept when the digest is the promised one, with its progress told", async () => {
    const context = recordedContext();
    const disk = await fetched("/image", sha256, context);
    expect(readFileSync(join(folder.path, disk)).equals(content)).toBe(true);
    expect(context.lines.at(-1)).toBe("downloading the image: 100 % (0 MiB)");
  });

  it("is thrown away when the digest is another", async () => {
    const wrong = "0".repeat(64);
    await expect(fetched("/image", wrong)).rejects.toThrow(`has the SHA-256 ${sha256}, and image.sha256 says ${wrong}`);
    expect(existsSync(join(folder.path, "cache", "images", "downloads", `${wrong}.part`))).toBe(false);
  });

  it("names the server's refusal, and a server that is not there", async () => {
    await expect(fetched("/missing", sha256)).rejects.toThrow(/cannot be fetched: .*answered 404 Not Found.*Check/);
    await new Promise((resolve) => started.server.close(resolve));
    await expect(fetched("/image", sha256)).rejects.toThrow(/cannot be fetched: .*ECONNREFUSED.*Check/);
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
