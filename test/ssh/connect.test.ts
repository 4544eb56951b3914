import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import {
  type SshTarget,
  ConnectionLostError,
  HostKeyMismatchError,
  connect,
  fingerprint,
  parseHostKey,
} from "../../ssh";
import { type RunningServer, newKey, startServer } from "./server";

const login = newKey();
const servers: RunningServer[] = [];

async function server(options: Parameters<typeof startServer>[0] = {}, port = 0): Promise<RunningServer> {
  const started = await startServer({ authorized: login, ...options }, port);
  servers.push(started);
  return started;
}

function to(machine: RunningServer, changes: Partial<SshTarget> = {}): SshTarget {
  return {
    host: "127.0.0.1",
    port: machine.port,
    user: "lab",
    privateKey: login.privateKey,
    hostKey: machine.hostKey.publicKey,
    ...changes,
  };
}

async function until(reached: () => boolean): Promise<void> {
  while (!reached()) await sleep(10);
}

afterEach(async () => {
  await Promise.all(servers.splice(0).map((started) => started.stop()));
});

describe("a connection", () => {
  it("gives a command's exit code and both of its streams, apart", async () => {
    const connection = await connect(to(await server()));
    const result = await connection.exec("echo to stdout; echo to stderr >&2; exit 3");
    connection.close();
    expect(result).toEqual({ code: 3, signal: undefined, stdout: "to stdout\n", stderr: "to stderr\n" });
  });

  it("writes stdin to the command and closes it", async () => {
    const connection = await connect(to(await server()));
    const text = "ä line\n".repeat(20_000);
    const result = await connection.exec("cat", { stdin: text });
    connection.close();
    expect(result.stdout).toBe(text);
  });

  it.each(["its output ends to be read in the middle", "nobody reads its output from the start"])(
    "lets a command go on to its end where %s",
    async (when) => {
      const connection = await connect(to(await server()));
      let taken = 0;
      const stdout = new Writable({
        write: (chunk: Buffer, _encoding, done) => {
          taken += chunk.length;
          done(Object.assign(new Error("write EPIPE"), { code: "EPIPE" }));
        },
      }).on("error", () => undefined);
      if (when.includes("from the start")) stdout.destroy();
      // More than a channel's window holds.
      const end = await connection.attach("head -c 8000000 /dev/zero; exit 7", {
        ...{ stdin: undefined, stdout, stderr: undefined, signal: new AbortController().signal },
      });
      connection.close();
      expect(end.code).toBe(7);
      expect(taken).toBeLessThan(8_000_000);
    },
  );

  it("names the signal that ended a command", async () => {
    const connection = await connect(to(await server()));
    const result = await connection.exec("kill -TERM $$");
    connection.close();
    expect(result).toMatchObject({ code: undefined, signal: "SIGTERM" });
  });

  it("goes through a jump host to a machine with a pinned key of its own", async () => {
    const jump = await server();
    const target = await server();
    const connection = await connect({ ...to(target), proxy: to(jump) });
    const result = await connection.exec("echo through");
    connection.close();
    expect(result.stdout).toBe("through\n");
    expect(jump.logins()).toBe(1);
    expect(jump.commands).toEqual([]);
    expect(target.commands).toEqual(["echo through"]);
  });
});

describe("a machine behind another", () => {
  const behindAnother = async () => {
    const ends: string[] = [];
    const jump = await server({ onEnd: () => ends.push("between") });
    const target = await server({ onEnd: () => ends.push("behind") });
    return { ends, jump, target, gone: (count: number) => until(() => ends.length === count) };
  };

  it("hears that it is left before the one in between does", async () => {
    const { ends, jump, target, gone } = await behindAnother();
    (await connect({ ...to(target), proxy: to(jump) })).close();
    await gone(2);
    expect(ends).toEqual(["behind", "between"]);
  });

  it("hears of it before the one in between also where both are left at once", async () => {
    const { ends, jump, target, gone } = await behindAnother();
    const between = await connect(to(jump));
    const behind = await connect({ ...to(target), through: between });
    behind.close();
    between.close();
    await gone(2);
    expect(ends).toEqual(["behind", "between"]);
  });
});

describe("a host key that is not the pinned one", () => {
  it("is refused at once, with both fingerprints, before anything is sent", async () => {
    const machine = await server();
    const pinned = newKey().publicKey;
    const attempt = connect(
      to(machine, { hostKey: pinned, retry: { limit: Number.POSITIVE_INFINITY, delay: 10, maximumDelay: 10 } }),
    );
    const error: unknown = await attempt.catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(HostKeyMismatchError);
    expect(String(error)).toContain(parseHostKey(pinned).fingerprint);
    expect(String(error)).toContain(fingerprint(parseHostKey(machine.hostKey.publicKey).blob));
    expect(machine.logins()).toBe(0);
  });

  it("is refused behind a jump host as well", async () => {
    const jump = await server();
    const target = await server();
    const attempt = connect({ ...to(target, { hostKey: newKey().publicKey }), proxy: to(jump) });
    await expect(attempt).rejects.toBeInstanceOf(HostKeyMismatchError);
    expect(target.logins()).toBe(0);
  });
});

describe("an attempt that fails", () => {
  it("is repeated until the machine is there", async () => {
    const first = await server();
    const { port } = first;
    await first.stop();
    const failures: number[] = [];
    const target = to(first, { retry: { limit: 100, delay: 20, maximumDelay: 50 } });
    const attempt = connect(target, { onRetry: (failure) => failures.push(failure.attempt) });
    setTimeout(() => void server({ hostKey: first.hostKey }, port), 150);
    const connection = await attempt;
    connection.close();
    expect(failures.length).toBeGreaterThan(0);
    expect(failures[0]).toBe(1);
  });

  it("is given up after the limit, and says how often and why", async () => {
    const machine = await server();
    await machine.stop();
    const attempt = connect(to(machine, { retry: { limit: 2, delay: 5, maximumDelay: 5 } }));
    await expect(attempt).rejects.toThrow(/lab@127\.0\.0\.1:\d+ after 3 attempts: .*ECONNREFUSED/);
  });

  it("begins no attempt when the time for that is over, and lets the one that is under way go on", async () => {
    const machine = await server();
    const until = Date.now() - 1;
    const retry = { limit: Infinity, delay: 5, maximumDelay: 5, until };
    const connection = await connect(to(machine, { retry }));
    connection.close();
    await machine.stop();
    const attempt = connect(to(machine, { retry }));
    await expect(attempt).rejects.toThrow(/^No SSH connection to lab@127\.0\.0\.1:\d+: .*ECONNREFUSED/);
  });

  it("ends after the dial timeout when something accepts but never speaks", async () => {
    const silent = createServer();
    const port = await new Promise<number>((resolve) => {
      silent.listen(0, "127.0.0.1", () => {
        const address = silent.address();
        resolve(typeof address === "object" && address !== null ? address.port : 0);
      });
    });
    const attempt = connect({ ...to(await server()), port, dialTimeout: 0.2 });
    await expect(attempt).rejects.toThrow("no answer within 0.2 s");
    silent.close();
  });

  it("is ended by the signal, also while it waits a minute for the next attempt", async () => {
    const machine = await server();
    await machine.stop();
    const abort = new AbortController();
    setTimeout(() => {
      abort.abort(new Error("enough"));
    }, 50);
    const target = to(machine, { retry: { limit: 10, delay: 60_000, maximumDelay: 60_000 } });
    await expect(connect(target, { signal: abort.signal })).rejects.toThrow();
  });
});

describe("a command that does not end", () => {
  it("is given up after its time limit", async () => {
    const connection = await connect(to(await server()));
    await expect(connection.exec("sleep 30", { timeout: 0.2 })).rejects.toThrow("did not end within 0.2 s: sleep 30");
    connection.close();
  });

  it("is given up after its time limit, even if the machine never says that it has begun", async () => {
    const connection = await connect(to(await server({ hangs: true })));
    await expect(connection.exec("true", { timeout: 0.2 })).rejects.toThrow("did not end within 0.2 s: true");
    connection.close();
  });

  it("is dropped with the signal's reason", async () => {
    const connection = await connect(to(await server()));
    const abort = new AbortController();
    setTimeout(() => {
      abort.abort(new Error("stopped by hand"));
    }, 50);
    await expect(connection.exec("sleep 30", { signal: abort.signal })).rejects.toThrow("stopped by hand");
    connection.close();
  });

  it("is told apart from one that failed when the machine goes away", async () => {
    const machine = await server();
    const connection = await connect(to(machine));
    setTimeout(machine.dropConnections, 100);
    await expect(connection.exec("sleep 30")).rejects.toBeInstanceOf(ConnectionLostError);
  });
});

describe("a command that stands by", () => {
  const folder = mkdtempSync(join(tmpdir(), "ipv6lab-standby-"));
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  it("has started before it is told its input, and has its time from then on", async () => {
    const connection = await connect(to(await server()));
    const file = join(folder, "started");
    let tell = (): void => undefined;
    const when = new Promise<void>((resolve) => (tell = resolve));
    const options = { stdin: "later", when, timeout: 0.5 };
    const told = connection.exec(`touch ${file}; cat; sleep 0.1`, options);
    await sleep(800);
    expect(existsSync(file)).toBe(true);
    tell();
    expect((await told).stdout).toBe("later");
    connection.close();
  });

  it("is given up when it takes longer than its time from then on", async () => {
    const connection = await connect(to(await server()));
    const options = { when: sleep(50), timeout: 0.2 };
    await expect(connection.exec("cat; sleep 30", options)).rejects.toThrow("did not end within 0.2 s");
    connection.close();
  });

  it("ends when it is never told any more", async () => {
    const connection = await connect(to(await server()));
    const over = new AbortController();
    const when = sleep(30_000, undefined, { signal: over.signal }).then(() => undefined);
    const told = connection.exec("cat", { when, signal: over.signal });
    setTimeout(() => {
      over.abort(new Error("no longer"));
    }, 100);
    await expect(told).rejects.toThrow("no longer");
    await expect(when).rejects.toThrow();
    connection.close();
  });
});
