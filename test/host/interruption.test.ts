import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { typescriptLoader } from "../../host/paths";
import { findOnPath } from "../../host/processes";

/** Says `ready`, and what it ends with; tidying up takes it `milliseconds`. */
const program = (milliseconds: number): string => `
  const { interruptible } = require(${JSON.stringify(join(__dirname, "../../host/interruption.ts"))});
  interruptible((signal) => new Promise((_resolve, reject) => {
    console.log("ready");
    const alive = setInterval(() => undefined, 1000);
    signal.addEventListener("abort", () => setTimeout(() => { clearInterval(alive); reject(signal.reason); }, ${milliseconds}));
  })).catch((error) => console.log(error.message));`;

async function interrupted(
  milliseconds: number,
  signals: readonly number[],
  name: NodeJS.Signals = "SIGINT",
): Promise<[string, number | null]> {
  const child = spawn(process.execPath, [...typescriptLoader, "-e", program(milliseconds)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  child.stdout.on("data", (text: Buffer) => (output += text.toString()));
  await once(child.stdout, "data");
  for (const after of signals) setTimeout(() => child.kill(name), after);
  await once(child, "close");
  return [output, child.exitCode];
}

// Node.js makes no terminals.
const withPython = findOnPath("python3") === undefined ? it.skip : it;

describe("work that a signal interrupts", () => {
  it("ends in its own time, even when one press of Ctrl-C comes as two signals", async () => {
    expect(await interrupted(200, [0, 50])).toEqual(["ready\nInterrupted.\n", 0]);
  });

  it.each(["SIGTERM", "SIGHUP"] as const)("ends in its own time when %s comes", async (name) => {
    expect(await interrupted(200, [0], name)).toEqual(["ready\nInterrupted.\n", 0]);
  });

  withPython(
    "is tidied up after a terminal that is closed, though nobody hears its words",
    async () => {
      const folder = mkdtempSync(join(tmpdir(), "interruption-"));
      const done = join(folder, "done");
      const words = `process.stdout.write("words"); process.stderr.write("words");`;
      const tidying = program(200).replace(
        "console.log(error.message)",
        `{ ${words} setTimeout(() => { ${words} require("node:fs").writeFileSync(${JSON.stringify(done)}, ""); }, 200); }`,
      );
      // Closes the terminal when the program has said that it is ready.
      const terminal = `import os, pty, sys
pid, fd = pty.fork()
if pid == 0: os.execvp(sys.argv[1], sys.argv[1:])
os.read(fd, 1)
os.close(fd)
os.waitpid(pid, 0)`;
      const python = spawn("python3", ["-c", terminal, process.execPath, ...typescriptLoader, "-e", tidying]);
      await once(python, "close");
      expect(existsSync(done)).toBe(true);
      rmSync(folder, { recursive: true });
    },
    20_000,
  );

  it("is cut off by a second press", async () => {
    expect(await interrupted(60_000, [0, 600])).toEqual(["ready\n", 130]);
  });
});
