/** What the stories about real labs have in common. */
import { z } from "zod";
import { messageOf } from "../../host/messages";
import { report, type Stack } from "./harness";

// Real machines take the time that they take: no time limit proves anything here.
jest.setTimeout(2 ** 31 - 1);

/** The first step that fails ends the story: what comes after it would only tell the same again. */
export function story(lab: Stack): (sentence: string, work: () => Promise<void>) => void {
  let broken: string | undefined;
  afterAll(async () => {
    if (broken !== undefined) {
      await lab.run("destroy");
    }
    lab.forget();
  });
  return (sentence, work) => {
    test(sentence, async () => {
      if (broken !== undefined) {
        throw new Error(`Not tried, because this failed before: ${broken}`);
      }
      broken = sentence;
      try {
        await work();
      } catch (error) {
        // The test runner tells only when the whole file has run, which may be long after.
        process.stderr.write(`    FAILED: ${sentence}: ${messageOf(error)}\n`);
        throw error;
      }
      broken = undefined;
    });
  };
}

export type Verification = z.infer<typeof verification>;

const verification = z.object({
  passed: z.boolean(),
  results: z.array(z.object({ machine: z.string(), check: z.string(), status: z.string(), evidence: z.string() })),
});

export async function verify(lab: Stack): Promise<Verification> {
  const { stdout } = await lab.succeed("verify", "--json");
  return verification.parse(JSON.parse(stdout));
}

/** `verify` passes, and its evidence of the session is inside the NAT64 prefix. */
export async function expectVerified(lab: Stack, translated: RegExp): Promise<void> {
  const { passed, results } = await verify(lab);
  expect(results.filter(({ status }) => status === "fail")).toEqual([]);
  expect(passed).toBe(true);
  expect(results.find(({ check }) => check.startsWith("there is no IPv4"))?.status).toBe("pass");
  expect(results.find(({ check }) => check.startsWith("Jool's session table"))?.evidence).toMatch(translated);
}

/** Another `up` changes no resource and touches no machine. */
export async function expectUnchanged(lab: Stack): Promise<void> {
  const machines = lab.machines();
  const outcome = await lab.succeed("up");
  report("up without a change", outcome);
  expect(outcome.stdout).toMatch(/^Resources:\s+\d+ unchanged\s/m);
  expect(lab.machines()).toEqual(machines);
}
