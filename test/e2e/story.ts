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

export type Results = z.infer<typeof verification>["results"];

const verification = z.object({
  passed: z.boolean(),
  results: z.array(z.object({ machine: z.string(), check: z.string(), status: z.string(), evidence: z.string() })),
});

/** `verify` passes. Else what failed is told alone: among all that passed nobody finds it in a log that is cut. */
export async function verify(lab: Stack): Promise<Results> {
  const { exitCode, stdout, stderr } = await lab.run("verify", "--json");
  const { passed, results } = verification.parse(stdout === "" ? { passed: false, results: [] } : JSON.parse(stdout));
  const failed = results.filter(({ status }) => status === "fail");
  if (exitCode !== 0 || !passed || failed.length > 0) {
    const lines = failed.map(({ machine, check, evidence }) => `${machine}: ${check}: ${evidence}`);
    throw new Error([`verify ended with ${exitCode ?? "a signal"}:`, ...lines, stderr].join("\n"));
  }
  return results;
}

/** `verify` passes, and its evidence of the session is inside the NAT64 prefix. */
export async function expectVerified(lab: Stack, translated: RegExp): Promise<void> {
  const results = await verify(lab);
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
