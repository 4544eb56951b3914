/**
 * `npm test`: every kind of test, cheap ones first, with one count at the end. A stage that fails does not keep the
 * later ones from running: one run tells everything.
 */
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { z } from "zod";

interface Count {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

interface Stage {
  readonly title: string;
  readonly run: () => Count;
}

const projectFolder = path.join(__dirname, "..", "..");

/** Runs the stages; exit code 0 when nothing failed and something passed. */
export function run(args: readonly string[]): Promise<number> {
  const stages = selectStages(args);
  const counts: Count[] = [];
  for (const { title, run: runStage } of stages) {
    console.log(`\n=== ${title}`);
    counts.push(runStage());
  }
  const total = sum(counts);
  const skipped = total.skipped === 0 ? "" : `, ${total.skipped} skipped`;
  console.log(`\n${total.passed} passed, ${total.failed} failed${skipped}`);
  return Promise.resolve(total.failed === 0 && total.passed > 0 ? 0 : 1);
}

const stageNames = ["lint", "unit", "daemons", "e2e", "vsphere"] as const;
type StageName = (typeof stageNames)[number];

function selectStages(args: readonly string[]): Stage[] {
  const unknown = args.filter((arg) => !isStageName(arg));
  if (unknown.length > 0) {
    throw new Error(`Unknown stage of tests: ${unknown.join(", ")}. There are: ${stageNames.join(", ")}.`);
  }
  const wanted = stageNames.filter((name) => args.length === 0 || args.includes(name));
  const quick = wanted.filter((name) => name !== "e2e" && name !== "vsphere").map((name) => quickStages[name]);
  // Both wait for virtual machines most of the time: two stories are told at once, whatever they are about.
  const machines = wanted.filter((name) => name === "e2e" || name === "vsphere");
  const places = machines.map((name) => (name === "e2e" ? "on this machine" : "in a simulated vCenter"));
  return [
    ...quick,
    ...(machines.length === 0
      ? []
      : [{ title: `real labs, ${places.join(" and ")}`, run: () => jest(machines, "--maxWorkers=2") }]),
  ];
}

const quickStages: Record<Exclude<StageName, "e2e" | "vsphere">, Stage> = {
  lint: {
    title: "format, lint and types",
    run: () => sum([tool("prettier", "--check", "."), tool("eslint", "."), tool("tsc", "--noEmit")]),
  },
  unit: { title: "unit, property and mocked-component tests", run: () => jest(["unit"]) },
  daemons: {
    title: "rendered files through the daemons' own checkers",
    run: () => jest(["daemons"], "--runInBand"),
  },
};

function isStageName(text: string): text is StageName {
  return stageNames.some((name) => name === text);
}

/** A checker counts as one test. */
function tool(name: string, ...args: string[]): Count {
  const { status } = spawnSync(bin(name), args, { cwd: projectFolder, stdio: "inherit" });
  console.log(`${name} ${args.join(" ")}: ${status === 0 ? "ok" : "FAILED"}`);
  return status === 0 ? { passed: 1, failed: 0, skipped: 0 } : { passed: 0, failed: 1, skipped: 0 };
}

const jestResult = z.object({
  numPassedTests: z.number(),
  numFailedTests: z.number(),
  numPendingTests: z.number(),
  numRuntimeErrorTestSuites: z.number(),
});

function jest(projects: readonly string[], ...args: string[]): Count {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "ipv6lab-test-"));
  try {
    const outputFile = path.join(folder, "jest.json");
    const { status } = spawnSync(
      bin("jest"),
      ["--selectProjects", ...projects, "--verbose", "--json", `--outputFile=${outputFile}`, ...args],
      { cwd: projectFolder, stdio: ["ignore", "ignore", "inherit"] },
    );
    if (!fs.existsSync(outputFile)) {
      console.log(`jest ended with ${status ?? "a signal"} before it could tell a result`);
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

function bin(name: string): string {
  return path.join(projectFolder, "node_modules", ".bin", name);
}
