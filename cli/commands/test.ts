/**
 * `npm test`: every kind of test, cheap ones first, with one count at the end. A stage that fails does not keep the
 * later ones from running: one run tells everything.
 */
import { spawn } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { z } from "zod";
import { UserError, say } from "../../host/messages";
import { projectRoot } from "../../host/paths";
import { helpText } from "../help";
import { allParts, ensureSystemPackages } from "../system-packages";

interface Count {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

const titles = {
  lint: "format, lint and types",
  unit: "unit, property and mocked-component tests",
  machines: "real QEMUs without a system in them",
  daemons: "rendered files through the daemons' own checkers",
  e2e: "real labs on this machine",
  vsphere: "real labs in a simulated vCenter",
};

/** Stages that make virtual machines, of which each has its own, and so can be told side by side. */
const machineStages = ["machines", "daemons", "e2e", "vsphere"];

/**
 * What real machines need comes before the first test that would be skipped without it. Where it cannot be installed the
 * tests say what they skip.
 */
async function installPrograms(): Promise<void> {
  try {
    await ensureSystemPackages(allParts);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    say(error.message);
  }
}

export const help = helpText({
  usage: ["npm test -- [STAGE …]"],
  about:
    "Every kind of test, cheap ones first, with one count at the end; or the stages that are named. A stage that fails does not keep the later ones from running.",
  options: titles,
});

/** Runs the stages; exit code 0 when nothing failed and something passed. */
export async function run(args: readonly string[]): Promise<number> {
  const names = Object.keys(titles);
  const unknown = args.filter((arg) => !names.includes(arg));
  if (unknown.length > 0) {
    throw new UserError(`Unknown stage of tests: ${unknown.join(", ")}. There are: ${names.join(", ")}.`);
  }
  const wanted = Object.entries(titles).filter(([name]) => args.length === 0 || args.includes(name));
  const counts: Count[] = [];
  const stage = async (members: readonly string[], work: (projects: readonly string[]) => Promise<Count>) => {
    const chosen = wanted.filter(([name]) => members.includes(name));
    if (chosen.length === 0) return;
    console.log(`\n=== ${chosen.map(([, title]) => title).join("; ")}`);
    counts.push(await work(chosen.map(([name]) => name)));
  };
  if (wanted.some(([name]) => machineStages.includes(name))) await installPrograms();
  await stage(["lint"], checkers);
  await stage(["unit"], jest);
  // A story waits for its machines' clocks and emulated processors: told two at a time, a quarter of two processors is idle.
  await stage(machineStages, (stories) => jest(stories, "--maxWorkers=3"));
  const total = sum(counts);
  const skipped = total.skipped === 0 ? "" : `, ${total.skipped} skipped`;
  console.log(`\n${total.passed} passed, ${total.failed} failed${skipped}`);
  return total.failed === 0 && total.passed > 0 ? 0 : 1;
}

async function checkers(): Promise<Count> {
  return sum(await Promise.all([tool("prettier", "--check", "."), tool("eslint", "."), tool("tsc", "--noEmit")]));
}

/** A checker counts as one test. */
async function tool(name: string, ...args: string[]): Promise<Count> {
  const ok = (await start(name, args, "inherit")) === 0;
  console.log(`${name} ${args.join(" ")}: ${ok ? "ok" : "FAILED"}`);
  return { passed: ok ? 1 : 0, failed: ok ? 0 : 1, skipped: 0 };
}

const jestResult = z.object({
  numPassedTests: z.number(),
  numFailedTests: z.number(),
  numPendingTests: z.number(),
  numRuntimeErrorTestSuites: z.number(),
});

async function jest(projects: readonly string[], ...args: string[]): Promise<Count> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "ipv6lab-test-"));
  try {
    const outputFile = path.join(folder, "jest.json");
    const own = ["--selectProjects", ...projects, "--ci", "--verbose", "--json", `--outputFile=${outputFile}`];
    const code = await start("jest", [...own, ...args], "ignore");
    if (!fs.existsSync(outputFile)) {
      console.log(`jest ended with ${code ?? "a signal"} before it could tell a result`);
      return { passed: 0, failed: 1, skipped: 0 };
    }
    const result = jestResult.parse(JSON.parse(fs.readFileSync(outputFile, "utf8")));
    return {
      passed: result.numPassedTests,
      failed: result.numFailedTests + result.numRuntimeErrorTestSuites,
      skipped: result.numPendingTests,
    };
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}

function sum(counts: readonly Count[]): Count {
  return counts.reduce((total, { passed, failed, skipped }) => ({
    passed: total.passed + passed,
    failed: total.failed + failed,
    skipped: total.skipped + skipped,
  }));
}

/** Runs a program of the project's dependencies; its exit code, null for a signal. */
function start(name: string, args: readonly string[], stdout: "inherit" | "ignore"): Promise<number | null> {
  const program = path.join(projectRoot, "node_modules", ".bin", name);
  return new Promise((resolve, reject) => {
    spawn(program, args, { cwd: projectRoot, stdio: ["ignore", stdout, "inherit"] })
      .on("error", reject)
      .on("close", resolve);
  });
}
