import { UserError } from "../../host/messages";
import { sideBySide } from "../../host/side-by-side";

const never = new AbortController().signal;

/** Takes as long as it is let, and ends with the signal's reason. */
function patient(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener("abort", () => {
      reject(signal.reason instanceof Error ? signal.reason : new Error("no reason"));
    });
  });
}

describe("two things side by side", () => {
  it("go on at the same time, and give what both give", async () => {
    const order: string[] = [];
    const work = (name: string, milliseconds: number) => async (): Promise<string> => {
      order.push(`${name} begins`);
      await new Promise((resolve) => setTimeout(resolve, milliseconds));
      order.push(`${name} ends`);
      return name;
    };
    expect(await sideBySide(never, work("slow", 100), work("quick", 20))).toEqual(["slow", "quick"]);
    expect(order).toEqual(["slow begins", "quick begins", "quick ends", "slow ends"]);
  });

  it("end both when one fails, with its error alone", async () => {
    const error = new UserError("no compiler");
    await expect(sideBySide(never, () => Promise.reject(error), patient)).rejects.toBe(error);
    await expect(sideBySide(never, patient, () => Promise.reject(error))).rejects.toBe(error);
  });

  it("tell both errors when each has its own", async () => {
    const failing = (word: string) => () => Promise.reject(new Error(word));
    await expect(sideBySide(never, failing("first"), failing("second"))).rejects.toThrow("first\nsecond");
  });

  it("end both with the reason of the signal", async () => {
    const controller = new AbortController();
    const both = sideBySide(controller.signal, patient, patient);
    controller.abort(new UserError("Interrupted."));
    await expect(both).rejects.toThrow(/^Interrupted\.$/);
  });
});
