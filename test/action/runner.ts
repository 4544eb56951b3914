/**
 * Runs the steps of action.yml as one of GitHub's runners does (docs.github.com: metadata syntax, workflow commands): inputs
 * and outputs are put in, files stand for what steps say, bash is called with the runner's own flags, and after a failure
 * only steps that say `always()` go on. Actions of others are told about, not run.
 */
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { projectRoot } from "../../host/paths";

const words = z.record(z.string(), z.union([z.string(), z.number()]).transform(String)).default({});
const common = { name: z.string(), id: z.string().optional(), if: z.string().optional(), env: words };

export const actionSchema = z.strictObject({
  name: z.string(),
  description: z.string(),
  inputs: z.record(
    z.string(),
    z.strictObject({ description: z.string(), required: z.boolean().default(false), default: z.string().optional() }),
  ),
  outputs: z.record(z.string(), z.strictObject({ description: z.string(), value: z.string() })),
  runs: z.strictObject({
    using: z.literal("composite"),
    steps: z.array(
      z.union([
        z.strictObject({ ...common, shell: z.literal("bash"), run: z.string() }),
        z.strictObject({ ...common, uses: z.string(), with: words }),
      ]),
    ),
  }),
});

export const action = actionSchema.parse(parse(readFileSync(join(projectRoot, "action.yml"), "utf8")));
export type Step = (typeof action.runs.steps)[number];

export interface StepEnd {
  readonly name: string;
  readonly outcome: "success" | "failure" | "skipped" | "someone else's";
  readonly code: number | null;
  /** What it printed, on both streams. */
  readonly said: string;
  /** What somebody else's action would be given. */
  readonly given: Readonly<Record<string, string>>;
}

export interface ActionEnd {
  readonly steps: readonly StepEnd[];
  readonly outputs: Readonly<Record<string, string>>;
  /** What the page of the run shows. */
  readonly summary: string;
  readonly passed: boolean;
}

type Outputs = Map<string, Readonly<Record<string, string>>>;

/** @param workspace the caller's checkout; `actionPath` is this one. */
export async function runAction(
  inputs: Readonly<Record<string, string>>,
  workspace: string,
  environment: NodeJS.ProcessEnv = {},
): Promise<ActionEnd> {
  const folder = mkdtempSync(join(tmpdir(), "action-"));
  const given = { ...defaults(), ...inputs };
  const outputs: Outputs = new Map();
  const steps: StepEnd[] = [];
  const summary = join(folder, "summary");
  writeFileSync(summary, "");
  let failed = false;
  try {
    for (const step of action.runs.steps) {
      const put = (text: string): string => substituted(text, given, outputs);
      if (!wanted(step.if, failed, put)) {
        steps.push({ name: step.name, outcome: "skipped", code: null, said: "", given: {} });
        continue;
      }
      if ("uses" in step) {
        const told = Object.fromEntries(Object.entries(step.with).map(([key, value]) => [key, put(value)]));
        steps.push({ name: step.name, outcome: "someone else's", code: null, said: "", given: told });
        continue;
      }
      const output = join(folder, "output");
      writeFileSync(output, "");
      const own = Object.fromEntries(Object.entries(step.env).map(([key, value]) => [key, put(value)]));
      const files = { GITHUB_OUTPUT: output, GITHUB_STEP_SUMMARY: summary };
      const runner = { GITHUB_ACTIONS: "true", GITHUB_ACTION_PATH: projectRoot, GITHUB_WORKSPACE: workspace };
      const env = { ...process.env, ...environment, ...runner, ...files, ...own };
      const { code, said } = await bash(step.run, join(folder, "script.sh"), workspace, env);
      if (step.id !== undefined) outputs.set(step.id, readOutput(readFileSync(output, "utf8")));
      if (code !== 0) failed = true;
      steps.push({ name: step.name, outcome: code === 0 ? "success" : "failure", code, said, given: {} });
    }
    const all = Object.entries(action.outputs).map(([key, { value }]) => [key, substituted(value, given, outputs)]);
    return {
      steps,
      outputs: z.record(z.string(), z.string()).parse(Object.fromEntries(all)),
      summary: existsSync(summary) ? readFileSync(summary, "utf8") : "",
      passed: !failed,
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function defaults(): Record<string, string> {
  return Object.fromEntries(Object.entries(action.inputs).map(([name, { default: value = "" }]) => [name, value]));
}

/** `inputs.NAME` and `steps.ID.outputs.NAME`; what is not there is empty, or the text behind `||`. */
const reference = /(inputs)\.([\w-]+)|(steps)\.([\w-]+)\.outputs\.([\w-]+)/;

function valueOf(expression: string, inputs: Readonly<Record<string, string>>, outputs: Outputs): string {
  const [, operand = "", instead = ""] = /^\s*(\S+)(?: \|\| '([^']*)')?\s*$/.exec(expression) ?? [];
  const [whole, , input, , step, output] = reference.exec(operand) ?? [];
  if (whole !== operand) throw new Error(`This runner does not know the expression ${expression}.`);
  const value = input === undefined ? outputs.get(step ?? "")?.[output ?? ""] : inputs[input];
  return value === undefined || value === "" ? instead : value;
}

function substituted(text: string, inputs: Readonly<Record<string, string>>, outputs: Outputs): string {
  return text.replace(/\$\{\{(.*?)\}\}/g, (_, expression: string) => valueOf(expression, inputs, outputs));
}

/** Terms with `&&` between them: `always()`, or a value and a text that it must be or not be. */
function wanted(condition: string | undefined, failed: boolean, put: (text: string) => string): boolean {
  const terms = condition === undefined ? [] : condition.split("&&").map((term) => term.trim());
  if (failed && !terms.includes("always()")) return false;
  return terms
    .filter((term) => term !== "always()")
    .every((term) => {
      const [, value, sign, text] = /^(\S+) (==|!=) '([^']*)'$/.exec(term) ?? [];
      if (value === undefined) throw new Error(`This runner does not know the condition ${term}.`);
      return (put(`\${{ ${value} }}`) === text) === (sign === "==");
    });
}

/** Lines `name=value`, and `name<<END … END` for more than one line. */
export function readOutput(text: string): Record<string, string> {
  const found = text.matchAll(/^([\w-]+)(?:=(.*)|<<(.+)\n([^]*?)\n\3)$/gm);
  return Object.fromEntries([...found].map(([, name = "", value, , lines]) => [name, value ?? lines ?? ""]));
}

function bash(script: string, file: string, cwd: string, env: NodeJS.ProcessEnv) {
  writeFileSync(file, script);
  const child = spawn("bash", ["--noprofile", "--norc", "-eo", "pipefail", file], {
    ...{ cwd, env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  const hear = (text: string): void => {
    said += text;
  };
  child.stdout.setEncoding("utf8").on("data", hear);
  child.stderr.setEncoding("utf8").on("data", hear);
  return new Promise<{ code: number | null; said: string }>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => {
      resolve({ code, said });
    });
  });
}
