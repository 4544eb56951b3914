/** Breaks a lab in one place, holds what is seen against what should be, and follows the first advice. */
import { messageOf } from "../../host/messages";
import { run } from "../../host/processes";
import { rootCommand } from "../../ssh/shell";
import type { LabAccess } from "../../verify/access";
import { connectClient, connectGateway } from "../../verify/connect";
import type { Report } from "../../verify/report";
import { type Breakage, switchOff } from "./breakages";
import { projectFolder, type Stack } from "./harness";

/** All of them take twenty minutes and more: `IPV6LAB_BREAKAGES=all`. Without it those that are marked as `always` are shown. */
export const all = process.env.IPV6LAB_BREAKAGES === "all";

/** @param wait seconds in which all is to be as it should be. */
export type Look<B extends Breakage> = (access: LabAccess, breakage: B, wait: number) => Promise<Report>;

/** Seconds in which a lab is whole again after whoever followed the advice has done so. */
const recovery = 60;

/** The test runner tells only when all is over. */
export async function breakAndMend<B extends Breakage>(
  lab: Stack,
  access: LabAccess,
  breakage: B,
  look: Look<B>,
): Promise<void> {
  const { name } = breakage;
  const started = performance.now();
  const tell = (how: string): void => {
    process.stderr.write(`    when ${name}: ${how} after ${((performance.now() - started) / 1000).toFixed(1)} s\n`);
  };
  try {
    await noticedAndMended(access, breakage, look);
  } catch (error) {
    tell(`FAILED: ${messageOf(error)}`);
    await mend(lab, access);
    throw error;
  }
  tell("noticed and mended");
}

/** What one has left broken says nothing about the next. */
async function mend(lab: Stack, access: LabAccess): Promise<void> {
  await runOn(access, "gateway", `${switchOff}; rm -f /var/tmp/full.*`);
  const client = lab.machines().get("client-1");
  if (client !== undefined) {
    process.kill(client, "SIGKILL");
  }
  await lab.succeed("up");
}

async function noticedAndMended<B extends Breakage>(access: LabAccess, breakage: B, look: Look<B>): Promise<void> {
  const { on, how, fails, skips = [], also = [], remedy, undo } = breakage;
  await runOn(access, on, typeof how === "string" ? how : how(access));
  const report = await look(access, breakage, 0);
  const beginnings = [...fails, ...skips];
  const expected = [...fails.map((each) => [each, "fail"]), ...skips.map((each) => [each, "skipped"])];
  const noticed = notPassed(report).filter(([check]) => !also.some((each) => check.startsWith(each)));
  // First what nobody expected, with what was seen: it may not come again.
  expect(noticed.filter(([check]) => !beginnings.some((each) => check.startsWith(each)))).toEqual([]);
  const seen = noticed.map(([check, status]) => [beginnings.find((each) => check.startsWith(each)) ?? check, status]);
  expect(new Map(seen.map(([check, status]) => [check, status]))).toEqual(
    new Map(expected.map(([check, status]) => [check, status])),
  );
  const advice = report.results.find(({ status }) => status === "fail")?.remedy ?? "";
  if (typeof remedy === "string") {
    const [command = ""] = /npm run ssh -- .*?".*?"|npm run up( -- --stack \S+)?/.exec(advice) ?? [];
    expect(command.startsWith(remedy)).toBe(true);
    await run("bash", ["-c", command], { cwd: projectFolder });
  } else {
    expect(advice).toMatch(remedy);
  }
  if (undo !== undefined) {
    await runOn(access, on, undo);
  }
  expect(notPassed(await look(access, breakage, recovery))).toEqual([]);
}

/** Check, status and evidence; but for the one check that depends on what the uplink carries. */
export function notPassed({ results }: Report): [string, string, string][] {
  return results
    .filter(({ status, check }) => status !== "pass" && !check.startsWith("an IPv4 host answers a ping"))
    .map(({ check, status, evidence }) => [check, status, evidence]);
}

async function runOn(access: LabAccess, machine: Breakage["on"], script: string): Promise<void> {
  const options = { wait: 60, signal: new AbortController().signal };
  const gateway = await connectGateway(access, options);
  try {
    const [client] = access.clients;
    const connection =
      machine === "gateway" || client === undefined ? gateway : await connectClient(access, client, gateway, options);
    const { code, stderr } = await connection.exec(rootCommand(script), { stdin: script, timeout: 120 });
    expect({ code, stderr }).toMatchObject({ code: 0 });
    connection.close();
  } finally {
    gateway.close();
  }
}
