import { getPriority } from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import { ProgramFailure, runLong } from "../../host/long-process";
import { isAlive } from "../../host/processes";
import { recordedContext } from "../provider/context";

describe("a long program", () => {
  it("tells each of its lines and returns them all", async () => {
    const lines: string[] = [];
    const output = await runLong("sh", ["-c", "echo one; echo two >&2; echo three"], {
      signal: recordedContext().signal,
      onLine: (line) => lines.push(line),
    });
    expect(lines.sort()).toEqual(["one", "three", "two"]);
    expect(output.split("\n").sort()).toEqual(["", "one", "three", "two"]);
  });

  it("fails with its code and its last words", async () => {
    const failing = runLong("sh", ["-c", "echo no such thing >&2; exit 3"], { signal: recordedContext().signal });
    await expect(failing).rejects.toMatchObject({ code: 3, output: "no such thing\n" });
    await expect(runLong("no-such-program", [], { signal: recordedContext().signal })).rejects.toThrow(ProgramFailure);
  });

  it.each([
    { yields: false, niceness: getPriority() },
    { yields: true, niceness: 19 },
  ])("runs at niceness $niceness where yields is $yields", async ({ yields, niceness }) => {
    const output = await runLong("sh", ["-c", "sleep 0.2; nice"], { signal: recordedContext().signal, yields });
    expect(Number(output)).toBe(niceness);
  });

  it("ends with all of its children when it is cancelled, even when it does not want to", async () => {
    const context = recordedContext();
    let child = 0;
    const running = runLong("sh", ["-c", "trap '' TERM; sleep 60 & echo $!; wait; wait"], {
      signal: context.signal,
      onLine: (line) => {
        child = Number(line);
        context.abort();
      },
    });
    await expect(running).rejects.toThrow("cancelled by the test");
    expect(child).toBeGreaterThan(0);
    // A busy machine needs a moment to end what was killed. One that lives on runs into this test's limit.
    while (isAlive(child)) await delay(50);
  }, 15_000);
});
