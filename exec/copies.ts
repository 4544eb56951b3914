/** Files and folders that go to a client and come back, as tar has them. */
import { spawn } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { PassThrough, Writable } from "node:stream";
import { UserError } from "../host/messages";
import type { SshConnection } from "../ssh";
import { shellQuote } from "../ssh/shell";

/** @throws UserError for what is not here, or what the client does not take. */
export async function put(
  client: SshConnection,
  folder: string,
  paths: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const missing = paths.filter((each) => !fs.existsSync(each));
  if (missing.length > 0) throw new UserError(`--put ${missing.join(", ")}: there is no such file here.`);
  const args = paths.flatMap((each) => ["-C", path.dirname(path.resolve(each)), path.basename(path.resolve(each))]);
  const tar = spawn("tar", ["-cz", ...args], { stdio: ["ignore", "pipe", "inherit"] });
  const said = new Collector();
  // At once: what nobody reads is thrown away when a child ends, and this may end before there is a channel.
  const streams = { stdin: tar.stdout.pipe(new PassThrough()), stdout: new PassThrough().resume(), stderr: said };
  const { code } = await client.attach(`tar -xzC ${folder}`, { ...streams, signal });
  if (code !== 0) {
    throw new UserError(`The client did not take ${paths.join(", ")}: ${said.all().toString("utf8").trim()}`);
  }
}

/**
 * @param into a folder of this machine.
 * @returns what was not there.
 */
export async function get(
  client: SshConnection,
  folder: string,
  wanted: readonly string[],
  into: string,
  signal: AbortSignal,
): Promise<string[]> {
  const list = wanted.map(shellQuote).join(" ");
  const tests = `cd ${folder} && for each in ${list}; do [ -e "$each" ] || printf '%s\\0' "$each"; done`;
  const missing = (await client.exec(tests, { signal, timeout: 60 })).stdout.split("\0").slice(0, -1);
  const there = wanted.filter((each) => !missing.includes(each));
  if (there.length === 0) return missing;
  const tar = spawn("tar", ["-xz", "--no-same-owner", "--no-same-permissions", "-C", into], {
    stdio: ["pipe", "inherit", "inherit"],
  });
  const written = new Promise<number | null>((resolve) => tar.on("close", resolve));
  await client.attach(`tar -czC ${folder} -- ${there.map(shellQuote).join(" ")}`, {
    stdin: undefined,
    stdout: tar.stdin,
    signal,
  });
  tar.stdin.end();
  if ((await written) !== 0) throw new UserError(`${there.join(", ")} could not be written to ${into}.`);
  return missing;
}

export class Collector extends Writable {
  private readonly chunks: Buffer[] = [];

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.chunks.push(chunk);
    done();
  }

  all(): Buffer {
    return Buffer.concat(this.chunks);
  }
}
