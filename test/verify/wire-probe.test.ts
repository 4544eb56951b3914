/** What stands in probes/wire.py, run on loopback: what needs no privileges. */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { findOnPath } from "../../host/processes";

const probe = readFileSync(join(__dirname, "..", "..", "verify", "probes", "wire.py"), "utf8");
const canTry = process.platform === "linux" && findOnPath("python3") !== undefined;
if (!canTry) console.warn("Skipped, needs Linux and python3: the probe that asks the network");

/** What it prints, a line each, in any order. */
async function heard(...instructions: readonly string[]): Promise<string[]> {
  const python = spawn("python3", ["-I", "-S", "-"], { stdio: ["pipe", "pipe", "inherit"] });
  python.stdin.end(`${probe}\n\nmain(${JSON.stringify(instructions.join("\n"))})\n`);
  return (await text(python.stdout)).trimEnd().split("\n").sort();
}

(canTry ? describe : describe.skip)("a port that is tried", () => {
  it("is open, closed, or out of reach at once, and each is told as what it is", async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    try {
      const all = await heard(
        "window 0 20",
        "await open closed unreachable",
        `tcp open ::ffff:127.0.0.1 ${port}`,
        "tcp closed ::ffff:127.0.0.1 1",
        // No TCP goes there: the kernel says so before anything is sent.
        "tcp unreachable ::ffff:255.255.255.255 22",
      );
      expect(all).toEqual(["closed error Connection refused", "open open", "unreachable error Network is unreachable"]);
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
  });
});
