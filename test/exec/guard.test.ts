/** exec/client/guard.sh here, with stand-ins for root's rights and for the resolver. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { makePlace } from "../../exec/place";
import { projectRoot } from "../../host/paths";
import type { SshConnection } from "../../ssh";
import { ConnectionLostError } from "../../ssh/connection";

const askScript = join(projectRoot, "exec/client/ask.sh");
const programs = mkdtempSync(join(tmpdir(), "guard-"));
for (const [name, text] of [
  ["sudo", 'shift; exec "$@"'],
  ["resolvectl", "exec sleep 60"],
] as const) {
  writeFileSync(join(programs, name), `#!/bin/sh\n${text}\n`);
  chmodSync(join(programs, name), 0o755);
}
const started: ChildProcess[] = [];
afterAll(() => {
  for (const each of started) each.kill("SIGKILL");
  rmSync(programs, { recursive: true });
});

/** @param watch watch.sh. */
async function guard(patience: number, watch = "") {
  const ask = readFileSync(askScript, "utf8");
  const words = ["with", String(patience), "watch.sh", String(watch.length), "ask.sh", String(ask.length)];
  const child = spawn("bash", [join(projectRoot, "exec/client/guard.sh"), ...words], {
    env: { ...process.env, PATH: `${programs}:${process.env.PATH ?? ""}` },
    stdio: ["pipe", "pipe", "inherit"],
  });
  child.stdin.write(watch + ask);
  const closed = once(child, "close");
  const first = await once(child.stdout, "data").then(([data]: unknown[]) => data);
  return { child, closed, folder: String(first).trim() };
}

/** watch.sh, but not on this machine's kernel. */
function watchElsewhere(): string {
  const text = readFileSync(join(projectRoot, "exec/client/watch.sh"), "utf8");
  return text.replaceAll("/sys/kernel/tracing", "/nowhere");
}

it("a place that nobody could make says what ended the connection", async () => {
  const attach = (): Promise<never> => Promise.reject(new ConnectionLostError("Keepalive timeout"));
  const client = { attach } as unknown as SshConnection;
  await expect(makePlace(client, true, new AbortController().signal)).rejects.toThrow(ConnectionLostError);
});

const onLinux = process.platform === "linux" ? describe : describe.skip;

onLinux("the guard of a run", () => {
  it("leaves nothing where nobody tells it for a while that the run is held, though the connection is never closed", async () => {
    const { closed, folder } = await guard(1);
    expect(existsSync(folder)).toBe(true);
    await closed;
    expect(existsSync(folder)).toBe(false);
  }, 20_000);

  it("stays as long as it is told so, and goes when it is let go", async () => {
    const { child, closed, folder } = await guard(1);
    for (let count = 0; count < 8; count += 1) {
      child.stdin.write("alive\n");
      await sleep(300);
    }
    expect([child.exitCode, existsSync(folder)]).toEqual([null, true]);
    child.stdin.end();
    await closed;
    expect(existsSync(folder)).toBe(false);
  }, 20_000);

  it("keeps a signal that comes before the program has begun until it has", async () => {
    const { child, closed, folder } = await guard(60);
    const program = spawn("bash", ["-c", "trap 'echo told; exit 5' TERM; echo ready; while :; do sleep 0.1; done"], {
      detached: true,
      stdio: ["ignore", "pipe", "inherit"],
    });
    started.push(program);
    let said = "";
    program.stdout.on("data", (chunk: Buffer) => (said += chunk.toString()));
    await once(program.stdout, "data");
    writeFileSync(join(folder, "group"), String(program.pid));
    child.stdin.write("TERM\n");
    await sleep(1000);
    expect(said).toBe("ready\n");
    writeFileSync(join(folder, "trace"), `${String(program.pid)} 1.0 execve()\n`);
    await once(program, "exit");
    expect(program.exitCode).toBe(5);
    child.stdin.end();
    await closed;
  }, 20_000);

  it("sends no signal any more where the program has ended by itself, and tells whether it has sent one", async () => {
    const { child, closed, folder } = await guard(60);
    const program = spawn("bash", ["-c", "trap 'exit 5' TERM; echo ready; while :; do sleep 0.1; done"], {
      detached: true,
      stdio: ["ignore", "pipe", "inherit"],
    });
    started.push(program);
    await once(program.stdout, "data");
    writeFileSync(join(folder, "group"), String(program.pid));
    writeFileSync(join(folder, "trace"), `${String(program.pid)} 1.0 execve()\n`);
    writeFileSync(join(folder, "code"), "0\n");
    const exited = once(program, "exit");
    child.stdin.write("TERM\n");
    await sleep(1000);
    expect([program.exitCode, existsSync(join(folder, "signalled"))]).toEqual([null, false]);
    rmSync(join(folder, "code"));
    child.stdin.write("TERM\n");
    await exited;
    expect(readFileSync(join(folder, "signalled"), "utf8")).toBe("TERM\n");
    child.stdin.end();
    await closed;
  }, 20_000);

  it("loses nothing of a line that comes in two parts with time between them", async () => {
    const { child, closed, folder } = await guard(60, watchElsewhere());
    const program = spawn("bash", ["-c", "trap 'exit 5' TERM; echo ready; while :; do sleep 0.1; done"], {
      detached: true,
      stdio: ["ignore", "pipe", "inherit"],
    });
    started.push(program);
    await once(program.stdout, "data");
    writeFileSync(join(folder, "group"), String(program.pid));
    writeFileSync(join(folder, "trace"), `${String(program.pid)} 1.0 execve()\n`);
    const exited = once(program, "exit");
    child.stdin.write("TE");
    await sleep(600);
    child.stdin.write("RM\n");
    await exited;
    expect(program.exitCode).toBe(5);

    // As run.sh asks, and cut where watch.sh's own limit of two seconds ends.
    const script = `exec 5<>"$1/answers"; printf coll >"$1/requests"; sleep 4.5; echo ect >"$1/requests"
      . "$2"; for ((count = 0; count < 20; count++)); do if read_line 0.5 5; then break; fi; done; echo "$REPLY"`;
    expect(execFileSync("bash", ["-c", script, "ask", folder, askScript], { encoding: "utf8" })).toBe("collected\n");
    child.stdin.end();
    await closed;
  }, 40_000);

  it("goes on without root's shell when that is killed, and whoever asks it is not left waiting", async () => {
    const { child, closed, folder } = await guard(60, watchElsewhere());
    const ask = (): string =>
      execFileSync("bash", ["-c", `. "$1"; ask "$2" 60 follow 1; echo "$REPLY"`, "ask", askScript, folder], {
        encoding: "utf8",
      });
    expect(ask()).toBe("not-followed\n");
    const watcher = execFileSync("pgrep", ["-f", `^bash ${folder}/watch.sh`], { encoding: "utf8" });
    process.kill(Number(watcher), "SIGKILL");
    expect(ask()).toBe("\n");
    child.stdin.end();
    await closed;
    expect(existsSync(folder)).toBe(false);
  }, 20_000);
});
