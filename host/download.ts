/**
 * Downloads, through the proxy that HTTPS_PROXY, HTTP_PROXY and NO_PROXY (or their lower-case names) name. They can be
 * interrupted: a `.part` file grows, and the next try goes on where the last one stopped.
 */
import { createHash } from "node:crypto";
import { createReadStream, createWriteStream, existsSync, renameSync, rmSync, statSync } from "node:fs";
import { Readable, Transform, type Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Response } from "undici";
import { withDeadline } from "./deadline";
import { UserError, codeOf, messageOf } from "./messages";

/** Seconds until a server must have answered: quick where another way is tried next, patient with proxies that scan. */
const textAnswer = 5;
const fileAnswer = 60;
/** The longest silence in the middle of a file. */
const silence = 30;

/** The network does not lead there. */
export class UnreachableError extends Error {
  override readonly name = "UnreachableError";
}

/** What arrived is not what was promised; it was deleted. */
export class WrongDigestError extends Error {
  override readonly name = "WrongDigestError";

  constructor(
    url: string,
    expected: string,
    readonly found: string,
  ) {
    super(`${url}: the SHA-256 of the download is ${found}, not ${expected}; it was deleted.`);
  }
}

export interface DownloadOptions {
  readonly signal?: AbortSignal;
  /** Told before anything is written, in bytes. */
  readonly onSize?: (bytes: number) => void;
  /** Bytes so far and, when the server tells it, in all. */
  readonly onProgress: (received: number, total: number | undefined) => void;
}

/**
 * Fetches a small text.
 * @throws UnreachableError when no server answers, or with something else than 200.
 */
export async function fetchText(url: string): Promise<string> {
  const response = await get(url, 0, textAnswer, undefined);
  if (response.status !== 200) throw await refused(url, response);
  return response.text();
}

/**
 * Fetches a file whose SHA-256 is known. The file appears under its name only when it is whole and right.
 * @throws UnreachableError; UserError when it was cut off; WrongDigestError; the signal's reason.
 */
export async function downloadFile(url: string, file: string, sha256: string, options: DownloadOptions): Promise<void> {
  const part = `${file}.part`;
  await appendRest(url, part, options);
  const found = await digestOf(part, options.signal);
  if (found !== sha256) {
    rmSync(part);
    throw new WrongDigestError(url, sha256, found);
  }
  renameSync(part, file);
}

/** SHA-256, in hexadecimal digits. */
export async function digestOf(file: string, signal?: AbortSignal): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(file), hash, signal === undefined ? {} : { signal });
  return hash.digest("hex");
}

async function appendRest(url: string, part: string, options: DownloadOptions): Promise<void> {
  const { signal, onSize, onProgress } = options;
  const have = existsSync(part) ? statSync(part).size : 0;
  const response = await get(url, have, fileAnswer, signal);
  // 416: nothing is left after what we have; whether that is the whole file, the digest tells.
  if (have > 0 && response.status === 416) return response.body?.cancel();
  const resumed = response.status === 206;
  if ((!resumed && response.status !== 200) || response.body === null) throw await refused(url, response);
  const length = Number(response.headers.get("content-length") ?? Number.NaN);
  if (Number.isFinite(length)) onSize?.(length);
  let received = resumed ? have : 0;
  const total = Number.isFinite(length) ? received + length : undefined;
  const count = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      received += chunk.length;
      onProgress(received, total);
      done(null, chunk);
    },
  });
  const output = createWriteStream(part, { flags: resumed ? "a" : "w" });
  try {
    await pipeline(Readable.fromWeb(response.body), count, output);
  } catch (error) {
    // A write that is under way ends before the file is closed: how much there is stands only then.
    await closing(output);
    signal?.throwIfAborted();
    throw new UserError(
      `The download of ${url} was cut off: ${reasonOf(error)}. Run the command again: it goes on from there.`,
    );
  }
}

/** However it ended. */
async function closing(stream: Writable): Promise<void> {
  if (stream.closed) return;
  await new Promise<void>((resolve) => {
    stream.once("close", resolve);
  });
}

async function refused(url: string, response: Response): Promise<UnreachableError> {
  await response.body?.cancel();
  return new UnreachableError(`${url} answered ${response.status} ${response.statusText}`.trimEnd());
}

/** Follows redirects; `start` is the first byte that is wanted. */
async function get(url: string, start: number, seconds: number, signal: AbortSignal | undefined): Promise<Response> {
  // Loading it takes a tenth of a second, and most commands download nothing.
  const { EnvHttpProxyAgent, fetch } = await import("undici");
  const request = {
    // Proxies often let a tunnel (CONNECT) through to port 443 only: plain HTTP is asked of the proxy itself.
    dispatcher: new EnvHttpProxyAgent({ proxyTunnel: false, bodyTimeout: silence * 1000 }),
    headers: { "accept-encoding": "identity", ...(start > 0 ? { range: `bytes=${start}-` } : {}) },
  };
  try {
    return await withDeadline(seconds, `no answer within ${seconds} s`, signal, (end) =>
      fetch(url, { ...request, signal: end }),
    );
  } catch (error) {
    signal?.throwIfAborted();
    throw new UnreachableError(`${new URL(url).host}: ${reasonOf(error)}`, { cause: error });
  }
}

/** fetch hides the reason levels down; of several addresses that were tried in vain there is only the code. */
function reasonOf(error: unknown): string {
  if (typeof error !== "object" || error === null) return String(error);
  if ("cause" in error && error.cause !== undefined) return reasonOf(error.cause);
  return messageOf(error) || String(codeOf(error));
}
