/** What stands in probes/wire.py, run on loopback: what needs no privileges. */
import { createServer } from "node:net";
import { text } from "node:stream/consumers";
import { canRunProbes, runProbe } from "./python";

/** What it prints, a line each, in any order. */
async function heard(...instructions: readonly string[]): Promise<string[]> {
  return (await text(runProbe("wire.py", instructions.join("\n")).stdout)).trimEnd().split("\n").sort();
}

(canRunProbes("the probe that asks the network") ? describe : describe.skip)("a port that is tried", () => {
  it("is open, closed, or out of reach at once, and each is told as what it is", async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    try {
      const address = server.address();
      if (address === null || typeof address === "string") throw new Error("A TCP server has a port.");
      const all = await heard(
        "window 0 20",
        "await open closed unreachable",
        `tcp open ::ffff:127.0.0.1 ${address.port}`,
        "tcp closed ::ffff:127.0.0.1 1",
        // No TCP goes there: the kernel says so before anything is sent.
        "tcp unreachable ::ffff:255.255.255.255 22",
      );
      expect(all).toEqual([
        "closed error Connection refused",
        "open open",
        "unreachable error at once Network is unreachable",
      ]);
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
  });
});
