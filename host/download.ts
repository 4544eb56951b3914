/** Downloads that can be interrupted: a `.part` file grows, and the next try goes on where the last one stopped. */
import { createHash } from "node:crypto";
import { createReadStream, createWriteStream, existsSync, renameSync, rmSync, statSync } from "node:fs";
import { request as requestHttp } from "node:http";
import { type RequestOptions, request as requestHttps } from "node:https";
import type { IncomingMessage } from "node:http";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";

/** Milliseconds until a server must have answered, and the longest silence in the middle of a file. */
const answerTimeout = 5000;
const silenceTimeout = 30_000;
const maximumRedirects = 5;

/** The network does not lead there: the next rung of the ladder is tried. */
export class UnreachableError extends Error {
  override readonly name = "UnreachableError";
}

/**
 * Fetches a small text.
 * @throws UnreachableError when no server answers, or with something else than 200.
 */
export async function fetchText(url: string): Promise<string> {
  const response = await get(url, {});
  if (response.statusCode !== 200) {
    response.destroy();
    throw new UnreachableError(`${url} answered ${response.statusCode ?? "nothing"}`);
  }
  let text = "";
  response.setEncoding("utf8");
  for await (const chunk of response) text += String(chunk);
  return text;
}

/**
 * Fetches a file whose SHA-256 is known. The file appears under its name only when it is whole and right.
 * @param onProgress bytes so far and, when the server tells it, in all.
 * @throws UnreachableError; Error when the digest differs (the wrong file is deleted).
 */
export async function downloadFile(
  url: string,
  file: string,
  sha256: string,
  onProgress: (received: number, total: number | undefined) => void,
): Promise<void> {
  const part = `${file}.part`;
  await appendRest(url, part, onProgress);
  const actual = await digestOf(part);
  if (actual !== sha256) {
    rmSync(part);
    throw new Error(`${url}: the SHA-256 of the download is ${actual}, not ${sha256}; it was deleted.`);
  }
  renameSync(part, file);
}

export async function digestOf(file: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(file), hash);
  return hash.digest("hex");
}

async function appendRest(
  url: string,
  part: string,
  onProgress: (received: number, total: number | undefined) => void,
): Promise<void> {
  const have = existsSync(part) ? statSync(part).size : 0;
  const response = await get(url, have === 0 ? {} : { range: `bytes=${have}-` });
  // 416: nothing is left after what we have; whether that is the whole file, the digest tells.
  if (response.statusCode === 416) {
    response.destroy();
    return;
  }
  const resumed = response.statusCode === 206;
  if (!resumed && response.statusCode !== 200) {
    response.destroy();
    throw new UnreachableError(`${url} answered ${response.statusCode ?? "nothing"}`);
  }
  const length = Number(response.headers["content-length"]);
  let received = resumed ? have : 0;
  const total = Number.isFinite(length) ? received + length : undefined;
  const count = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      received += chunk.length;
      onProgress(received, total);
      done(null, chunk);
    },
  });
  await pipeline(response, count, createWriteStream(part, { flags: resumed ? "a" : "w" }));
}

async function get(url: string, headers: Record<string, string>, redirects = 0): Promise<IncomingMessage> {
  const response = await open(url, { headers });
  const { location } = response.headers;
  const status = response.statusCode ?? 0;
  if (status < 300 || status >= 400 || location === undefined) return response;
  response.destroy();
  if (redirects === maximumRedirects) throw new UnreachableError(`${url}: too many redirects`);
  return get(new URL(location, url).href, headers, redirects + 1);
}

function open(url: string, options: RequestOptions): Promise<IncomingMessage> {
  const start = url.startsWith("https:") ? requestHttps : requestHttp;
  return new Promise((resolve, reject) => {
    const request = start(url, options);
    const timer = setTimeout(() => {
      request.destroy(new Error(`no answer within ${answerTimeout / 1000} s`));
    }, answerTimeout);
    request.on("response", (response) => {
      clearTimeout(timer);
      response.setTimeout(silenceTimeout, () => {
        response.destroy(new Error(`nothing came for ${silenceTimeout / 1000} s`));
      });
      resolve(response);
    });
    request.on("error", (error) => {
      clearTimeout(timer);
      reject(new UnreachableError(`${new URL(url).host}: ${error.message}`, { cause: error }));
    });
    request.end();
  });
}
