import { createHash, randomBytes } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { type IncomingMessage, type RequestListener, type Server, createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { UnreachableError, WrongDigestError, downloadFile, fetchText } from "../../host/download";
import { UserError } from "../../host/messages";

const content = randomBytes(300_000);
const sha256 = createHash("sha256").update(content).digest("hex");
const onProgress = (): void => undefined;
const proxyVariables = ["HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"];

let file: string;
let folder: string;
let url: string;
let seen: IncomingMessage[];
let servers: Server[];
let environment: NodeJS.ProcessEnv;

function listen(onRequest: RequestListener, onConnect?: (target: string) => void): Promise<string> {
  const server = createServer(onRequest);
  servers.push(server);
  server.on("connect", (request, socket) => {
    onConnect?.(request.url ?? "");
    socket.end("HTTP/1.1 403 Forbidden\r\n\r\n");
  });
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      resolve(`http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`);
    });
  });
}

const serveFile: RequestListener = (request, response) => {
  seen.push(request);
  const path = new URL(request.url ?? "", "http://any").pathname;
  const from = path === "/no-ranges" ? 0 : Number(/bytes=(\d+)-/.exec(request.headers.range ?? "")?.[1] ?? 0);
  const rest = content.subarray(from);
  if (path === "/moved") response.writeHead(302, { location: "/file" }).end();
  else if (path === "/missing") response.writeHead(404).end();
  else if (from > 0 && rest.length === 0) response.writeHead(416).end();
  else {
    response.writeHead(from === 0 ? 200 : 206, { "content-length": rest.length });
    if (path !== "/cut" || from > 0) response.end(rest);
    else {
      response.write(rest.subarray(0, 100_000));
      // Cut when some of it has arrived.
      const timer = setInterval(() => {
        if (!existsSync(`${file}.part`) || readFileSync(`${file}.part`).length === 0) return;
        clearInterval(timer);
        response.destroy();
      }, 5);
    }
  }
};

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "download-"));
  file = join(folder, "file");
  [seen, servers] = [[], []];
  environment = { ...process.env };
  for (const name of proxyVariables) Reflect.deleteProperty(process.env, name);
  url = await listen(serveFile);
});

afterEach(() => {
  rmSync(folder, { recursive: true });
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
  process.env = environment;
});

describe("a download", () => {
  it("follows a redirect and appears under its name when it is whole", async () => {
    const told: (number | undefined)[] = [];
    await downloadFile(`${url}/moved`, file, sha256, {
      onSize: (bytes) => told.push(bytes),
      onProgress: (received, total) => told.push(received, total),
    });
    expect(readFileSync(file).equals(content)).toBe(true);
    expect(existsSync(`${file}.part`)).toBe(false);
    expect(told[0]).toBe(content.length);
    expect(told.slice(-2)).toEqual([content.length, content.length]);
  });

  it("goes on where it was cut off", async () => {
    const first: unknown = await downloadFile(`${url}/cut`, file, sha256, { onProgress }).catch(
      (error: unknown) => error,
    );
    expect(first).toBeInstanceOf(UserError);
    expect(String(first)).toMatch(/was cut off: .*goes on from there/);
    await downloadFile(`${url}/cut`, file, sha256, { onProgress });
    expect(seen.map(({ headers }) => headers.range)).toEqual([undefined, expect.stringMatching(/^bytes=[1-9]\d*-$/)]);
    expect(readFileSync(file).equals(content)).toBe(true);
  });

  it("starts again where the server cannot go on", async () => {
    writeFileSync(`${file}.part`, "the beginning of another");
    await downloadFile(`${url}/no-ranges`, file, sha256, { onProgress });
    expect(readFileSync(file).equals(content)).toBe(true);
  });

  it("is finished when the part was already whole", async () => {
    writeFileSync(`${file}.part`, content);
    await downloadFile(`${url}/file`, file, sha256, { onProgress });
    expect(existsSync(file)).toBe(true);
  });

  it("with another digest is deleted and never takes the name", async () => {
    const attempt = downloadFile(`${url}/file`, file, "0".repeat(64), { onProgress });
    await expect(attempt).rejects.toMatchObject({ name: WrongDigestError.name, found: sha256 });
    expect(existsSync(file) || existsSync(`${file}.part`)).toBe(false);
  });

  it("writes nothing when its size is refused", async () => {
    const onSize = (): never => {
      throw new Error("no room");
    };
    await expect(downloadFile(`${url}/file`, file, sha256, { onSize, onProgress })).rejects.toThrow("no room");
    expect(existsSync(`${file}.part`)).toBe(false);
  });

  it("ends with the signal's reason", async () => {
    const controller = new AbortController();
    const attempt = downloadFile(`${url}/file`, file, sha256, {
      signal: controller.signal,
      onProgress: () => {
        controller.abort(new Error("enough"));
      },
    });
    await expect(attempt).rejects.toThrow("enough");
  });

  it("from a server that refuses or is not there is told apart from a wrong file", async () => {
    await expect(fetchText(`${url}/missing`)).rejects.toThrow(`${url}/missing answered 404 Not Found`);
    await expect(fetchText(`${url}/missing`)).rejects.toBeInstanceOf(UnreachableError);
    await expect(fetchText("http://127.0.0.1:1/file")).rejects.toThrow("127.0.0.1:1: ");
    await expect(fetchText("http://127.0.0.1:1/file")).rejects.toBeInstanceOf(UnreachableError);
  });
});

describe("behind a proxy", () => {
  it.each(["HTTP_PROXY", "http_proxy"])("%s is asked, without a tunnel", async (name) => {
    process.env[name] = await listen((request, response) => {
      seen.push(request);
      response.end("from the proxy");
    });
    expect(await fetchText("http://releases.example/list")).toBe("from the proxy");
    expect(seen[0]?.url).toBe("http://releases.example/list");
  });

  it.each(["HTTPS_PROXY", "https_proxy"])("%s is asked for a tunnel, and its refusal is told", async (name) => {
    const targets: string[] = [];
    process.env[name] = await listen(serveFile, (target) => targets.push(target));
    await expect(fetchText("https://releases.example/list")).rejects.toThrow(/releases\.example: .*403/);
    expect(targets).toEqual(["releases.example:443"]);
  });

  it.each(["NO_PROXY", "no_proxy"])("%s names what is reached without it", async (name) => {
    process.env.HTTP_PROXY = "http://127.0.0.1:1";
    process.env[name] = "example.com,127.0.0.1";
    await downloadFile(`${url}/file`, file, sha256, { onProgress });
    expect(existsSync(file)).toBe(true);
  });
});
