import { PassThrough } from "node:stream";
import { waitForEnter } from "../../cli/pause";

describe("a pause", () => {
  const never = new AbortController().signal;

  it("ends with a line, and not before", async () => {
    const input = new PassThrough();
    let over = false;
    const waiting = waitForEnter(input, never).then(() => {
      over = true;
    });
    input.write("half");
    await new Promise(setImmediate);
    expect(over).toBe(false);
    input.write("\n");
    await waiting;
    expect(over).toBe(true);
  });

  it("ends with the input", async () => {
    const input = new PassThrough();
    input.end();
    await expect(waitForEnter(input, never)).resolves.toBeUndefined();
  });

  it("is broken off with the reason of the signal, before it or during it", async () => {
    const reason = new Error("Interrupted.");
    await expect(waitForEnter(new PassThrough(), AbortSignal.abort(reason))).rejects.toBe(reason);
    const controller = new AbortController();
    const waiting = waitForEnter(new PassThrough(), controller.signal);
    controller.abort(reason);
    await expect(waiting).rejects.toBe(reason);
  });
});
