/** exec/client/run.sh here, with a stand-in for the tracer. */
import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { projectRoot } from "../../host/paths";

const folder = mkdtempSync(join(tmpdir(), "run-"));
mkdirSync(join(folder, "work"));
// Nobody keeps a record, and nothing is traced.
writeFileSync(join(folder, "ask.sh"), "ask() { REPLY=; }\n");
writeFileSync(join(folder, "trace"), "not empty\n");
writeFileSync(join(folder, "strace"), '#!/bin/bash\nwhile [[ $1 != -- ]]; do shift; done\nshift\nexec "$@"\n');
chmodSync(join(folder, "strace"), 0o755);
afterAll(() => {
  rmSync(folder, { recursive: true });
});

function run(...command: string[]) {
  const words = [join(projectRoot, "exec/client/run.sh"), folder, "filtered", ...command];
  const env = { ...process.env, PATH: `${folder}:${process.env.PATH ?? ""}` };
  return spawnSync("bash", words, { env, encoding: "utf8", input: "to be read" });
}

const onLinux = process.platform === "linux" ? describe : describe.skip;

onLinux("a program on the client", () => {
  it("that crashes has said what it said itself, and no more, and its code tells of the signal", () => {
    const { status, stdout, stderr } = run("bash", "-c", "echo out; echo mine >&2; kill -SEGV $$");
    expect({ status, stdout, stderr }).toEqual({ status: 139, stdout: "out\n", stderr: "mine\n" });
    expect(readFileSync(join(folder, "code"), "utf8")).toBe("139\n");
  });

  it("that could not be started ends with 126, not with what its tracer ends with", () => {
    const execve = `execve("\\x61", ["\\x61"], 0x7ffd /* 9 vars */) = -1 ENOEXEC (Exec format error) <0.000100>`;
    writeFileSync(join(folder, "trace"), `7 1000.000000 ${execve}\n7 1000.000200 +++ exited with 1 +++\n`);
    expect(run("bash", "-c", "exit 1").status).toBe(126);
    writeFileSync(join(folder, "trace"), "");
    expect(run("bash", "-c", "exit 1").status).toBe(126);
    expect(readFileSync(join(folder, "problem"), "utf8")).toBe("refused\n");
    rmSync(join(folder, "problem"));
    writeFileSync(join(folder, "trace"), `7 1000.000000 ${execve.replace(/-1 .*$/, "0 <0.0>")}\n7 1000.1 ${execve}\n`);
    expect(run("bash", "-c", "exit 1").status).toBe(1);
  });

  it("has the streams that it was given, and not the one on which this shell keeps silent", () => {
    const { stdout } = run("bash", "-c", "cat; [[ -e /proc/$$/fd/3 ]] || echo ', and nothing else'");
    expect(stdout).toBe("to be read, and nothing else\n");
  });
});
