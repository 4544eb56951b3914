/** `npm run bench -- <benchmark> [options]`: figures, never a verdict. */
import { randomInt } from "node:crypto";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { formatTable } from "../../verify/report";
import { benchBoots } from "../bench/boots";
import { benchExec } from "../bench/exec";
import { benchJoins } from "../bench/joins";
import { benchLab } from "../bench/lab";
import { benchMatrix } from "../bench/matrix";
import { benchPlan, planRows } from "../bench/plan";
import { confusionMatrix, programTable, summary } from "../bench/confusion";
import { benchVerdict } from "../bench/verdict";
import { helpText } from "../help";
import { chosenNetworks } from "../tour";
import { readAccess } from "../recorded-access";
import { stackArguments } from "../stack-arguments";
import { type Figure, figureRows, median } from "../bench/statistics";
import { runInForeground } from "../../host/foreground";
import { interruptible } from "../../host/interruption";
import { UserError, say } from "../../host/messages";
import { type LabAccess, networkOf, type PromisedNetwork } from "../../verify/access";
import { projectRoot } from "../../host/paths";

export const help = helpText({
  usage: ["npm run bench -- BENCHMARK [options]"],
  about: "Figures, never a verdict.",
  options: {
    "lab [--runs 3] [--cold]": "from power-on to first byte, changes, destroy; --cold: set-up and image too",
    "boots [30]": "boots both machines again and again and counts kernel oopses",
    "restores [30]": "the same from their template",
    "kills [20] [--seed 7]": "kills commands at random moments; the next one must make it good",
    "verdict [--stack NAME] [--network NAME,…|all] [--minutes N] [PART OF A NAME]": "programs whose cause is known",
    "exec [5] [--stack NAME]": "what exec costs a program that opens 1,000 connections, and one that does nothing",
    "matrix [--joins 50] [--seed 7]": "up of every scenario, its rows, and joins",
    "joins [50] [--seed 7] [--stack NAME]": "a client joins networks in random order, each verified",
    "plan [qemu|vsphere]": "planning and the mocked program, 10 to 10,000 clients: time and memory",
  },
});

const verdictOptions = { network: { type: "string" }, minutes: { type: "string" } } as const;

/** The home network alone, where no other one is asked for. */
function homeOf(access: LabAccess): PromisedNetwork[] {
  return access.clients.slice(0, 1).map((client) => networkOf(access, client));
}

export async function run(args: readonly string[]): Promise<number> {
  const [benchmark, ...rest] = args;
  switch (benchmark) {
    case "lab":
      print(await tidied(() => benchLab(numberAfter(rest, "--runs", 3), rest.includes("--cold"))));
      return 0;
    case "boots":
    case "restores":
      return tidied(async (signal) => {
        const lost = await benchBoots(roundsOf(rest, 30), benchmark === "boots" ? "boot" : "restore", signal);
        return lost === 0 ? 0 : 1;
      });
    case "kills": {
      const seed = seedOf(rest);
      return runInForeground(join(projectRoot, "node_modules", ".bin", "jest"), ["test/e2e/kills"], {
        cwd: projectRoot,
        env: { ...process.env, IPV6LAB_KILLS: String(roundsOf(rest, 20)), IPV6LAB_KILLS_SEED: String(seed) },
      });
    }
    case "verdict": {
      const { stack, rest: names } = stackArguments(rest);
      const { values, positionals } = parseArgs({ args: [...names], options: verdictOptions, allowPositionals: true });
      const access = await readAccess(stack);
      const networks = values.network === undefined ? homeOf(access) : chosenNetworks(access, values.network);
      const minutes = values.minutes === undefined ? Infinity : wholeNumber(values.minutes, "--minutes");
      const rows = await benchVerdict(access, { only: positionals.join(" "), networks, minutes });
      for (const lines of [programTable(rows), confusionMatrix(rows), summary(rows)])
        console.log(`${lines.join("\n")}\n`);
      return 0;
    }
    case "exec": {
      const { stack, rest: numbers } = stackArguments(rest);
      const { figures, words } = await benchExec(await readAccess(stack), roundsOf(numbers, 5));
      print(figures);
      console.log(words.join("\n"));
      return 0;
    }
    case "matrix": {
      const seed = seedOf(rest);
      const { figures, told, joinsVerified } = await tidied(() => benchMatrix(numberAfter(rest, "--joins", 50), seed));
      print(figures);
      console.log(`verify --network all: ${told}`);
      return allVerified(joinsVerified, figures);
    }
    case "joins": {
      const { stack, rest: words } = stackArguments(rest);
      const seed = seedOf(words);
      const count = /^\d+$/.test(words[0] ?? "") ? Number(words[0]) : 50;
      const { figures, verified } = await benchJoins(await readAccess(stack), count, seed);
      print(figures);
      return allVerified(verified, figures);
    }
    case "plan": {
      const figures = benchPlan(rest[0] ?? "qemu");
      const head = ["what", "clients", "processor time", "heap kept", "process at most", "a client"];
      console.log(formatTable(head, planRows(figures)).join("\n"));
      return 0;
    }
    default:
      throw new UserError(
        `${benchmark === undefined ? "Which benchmark?" : `There is no benchmark ${benchmark}.`}\n${help}`,
      );
  }
}

/** A lab that a benchmark made is taken away when it is interrupted too. */
function tidied<T>(work: (signal: AbortSignal) => T | Promise<T>): Promise<T> {
  return interruptible(async (signal) => work(signal));
}

function seedOf(args: readonly string[]): number {
  const seed = numberAfter(args, "--seed", 1 + randomInt(1e6));
  say(`--seed ${seed} does the same again.`);
  return seed;
}

/** The exit code. The last of the figures is that of all joins. */
function allVerified(verified: number, figures: readonly Figure[]): number {
  const tried = figures.at(-1)?.seconds.length ?? 0;
  console.log(`${verified} of ${tried} joins verified`);
  return verified === tried ? 0 : 1;
}

function print(figures: readonly Figure[]): void {
  console.log(formatTable(["what", "median", "smallest", "largest", "runs"], figureRows(figures)).join("\n"));
  const medians = figures.map(({ what, seconds }) => ({ what, median: median(seconds), seconds }));
  console.log(JSON.stringify(medians, null, 2));
}

function numberAfter(args: readonly string[], option: string, fallback: number): number {
  const at = args.indexOf(option);
  return at < 0 ? fallback : wholeNumber(args[at + 1], option);
}

/** The number of rounds, which comes first. */
function roundsOf([word]: readonly string[], fallback: number): number {
  return word === undefined || word === "--seed" ? fallback : wholeNumber(word, "The number of rounds");
}

function wholeNumber(text: string | undefined, what: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) {
    throw new UserError(`${what} is "${text ?? ""}", and must be a whole number of at least 1.\n${help}`);
  }
  return value;
}
