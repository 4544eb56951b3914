/** One stack file after another, at random, on a lab that runs: each is taken in place and ends verified. */
import fc from "fast-check";
import { networks } from "../fixtures/networks";
import { report, type Stack } from "./harness";
import { verify } from "./story";

/**
 * Leads a lab through `steps` random networks; no machine is touched.
 * @param seed of the sequence; each network is told when the lab has come to it.
 * @param machinery what the lab's machines are: it stays as it is.
 */
export async function becomesAnyNetwork(
  lab: Stack,
  steps: number,
  seed: number,
  machinery: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  const machines = lab.machines();
  for (const [index, network] of fc.sample(networks, { numRuns: steps, seed }).entries()) {
    // Forwarders that are there, and intervals in which a client hears of the change.
    const config = { ...machinery, ...network, dns: {}, routerAdvertisements: { maxInterval: 10 } };
    const what = `network ${index + 1} of seed ${seed}, ${JSON.stringify(config)}`;
    lab.configure(config);
    const outcome = await lab.run("up");
    if (outcome.exitCode !== 0) throw new Error(`${what}:\n${outcome.stdout}\n${outcome.stderr}`);
    report(`up with ${what}`, outcome);
    expect(lab.machines()).toEqual(machines);
    await verify(lab);
  }
}
