import { readAccess } from "../../cli/recorded-access";
import { messageOf } from "../../host/messages";
import { run } from "../../host/processes";
import { rootCommand } from "../../ssh/shell";
import type { LabAccess } from "../../verify/access";
import { connectClient, connectGateway } from "../../verify/connect";
import type { Report } from "../../verify/report";
import { verifyLab } from "../../verify/runner";
import { type Breakage, breakages, breakagesWithoutDhcpv6, switchOff } from "./breakages";
import { projectFolder, Stack } from "./harness";
import { story } from "./story";

/** All of them take twenty minutes and more: `IPV6LAB_BREAKAGES=all`. Without it those that are marked as `always` are shown. */
const all = process.env.IPV6LAB_BREAKAGES === "all";
const shown = (list: readonly Breakage[]): [string, Breakage][] =>
  list.filter(({ always }) => all || always === true).map((each) => [each.name, each]);

/** Seconds in which a lab is whole again after whoever followed the advice has done so. */
const recovery = 60;

describe("a lab that is broken in one place", () => {
  const lab = new Stack("e2e-breakages");
  const step = story(lab);
  const config = { dns: { searchDomains: ["lab.example"] } };
  let access: LabAccess;

  step("is whole at first", async () => {
    lab.configure(config);
    await lab.succeed("up");
    access = await readAccess(lab.name);
    expect(notPassed(await look(access))).toEqual([]);
  });

  describe("is noticed, and mended by the first advice", () => {
    test.each(shown(breakages))("when %s", (_name, breakage) =>
      told(lab, access, breakage, () => breakAndMend(access, breakage)),
    );
  });

  if (all) {
    step("loses its DHCPv6 server", async () => {
      lab.configure({ ...config, dhcpv6: { mode: "off" } });
      await lab.succeed("up");
      access = await readAccess(lab.name);
    });

    describe("without DHCPv6 is noticed, and mended by the first advice", () => {
      test.each(shown(breakagesWithoutDhcpv6))("when %s", (_name, breakage) =>
        told(lab, access, breakage, () => breakAndMend(access, breakage)),
      );
    });
  }

  step("goes away", async () => {
    await lab.succeed("destroy");
  });
});

/** The test runner tells only when all is over. */
async function told(lab: Stack, access: LabAccess, { name }: Breakage, work: () => Promise<void>): Promise<void> {
  const started = performance.now();
  const tell = (how: string): void => {
    process.stderr.write(`    when ${name}: ${how} after ${((performance.now() - started) / 1000).toFixed(1)} s\n`);
  };
  try {
    await work();
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

async function breakAndMend(access: LabAccess, breakage: Breakage): Promise<void> {
  const { on, how, fails, skips = [], also = [], remedy, undo } = breakage;
  await runOn(access, on, typeof how === "string" ? how : how(access));
  const report = await look(access);
  const beginnings = [...fails, ...skips];
  const expected = [...fails.map((each) => [each, "fail"]), ...skips.map((each) => [each, "skipped"])];
  const seen = notPassed(report)
    .filter(([check]) => !also.some((each) => check.startsWith(each)))
    .map(([check, status]) => [beginnings.find((each) => check.startsWith(each)) ?? check, status]);
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
  expect(notPassed(await look(access, recovery))).toEqual([]);
}

function look(access: LabAccess, wait = 0): Promise<Report> {
  return verifyLab(access, { wait, signal: new AbortController().signal });
}

/** But for the one check that depends on what the uplink carries. */
function notPassed({ results }: Report): [string, string][] {
  return results
    .filter(({ status, check }) => status !== "pass" && !check.startsWith("an IPv4 host answers a ping"))
    .map(({ check, status }) => [check, status]);
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
