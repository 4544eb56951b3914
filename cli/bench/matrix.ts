/** The stack `scenarios` from its beginning to its end, on a stack of its own: `up`, the matrix, joins. */
import * as fs from "node:fs";
import * as path from "node:path";
import { say } from "../../host/messages";
import { projectRoot } from "../../host/paths";
import { exitCodes } from "../../verify/outcome";
import { stackFile } from "../project";
import { readAccess } from "../recorded-access";
import { run, succeed } from "./command";
import { benchJoins } from "./joins";
import { type Figure, show } from "./statistics";

const stack = "bench-matrix";
const example = path.join(projectRoot, "Pulumi.scenarios.yaml");

export interface MatrixFigures {
  readonly figures: readonly Figure[];
  /** The last lines of `verify` on all networks. */
  readonly told: string;
  readonly joinsVerified: number;
}

export async function benchMatrix(joins: number, seed: number): Promise<MatrixFigures> {
  const figures: Figure[] = [];
  const record = (what: string, seconds: number): void => {
    figures.push({ what, seconds: [seconds] });
    say(`  ${what}: ${show(seconds)}`);
  };
  const ofStack = (command: string, ...words: string[]): string[] => [command, "--stack", stack, ...words];
  fs.copyFileSync(example, stackFile(stack));
  try {
    // Tool chain, image and template are got here: what is timed starts from a warm image.
    succeed(ofStack("setup"));
    record("up of every scenario", succeed(ofStack("up")).seconds);
    const access = await readAccess(stack);
    const home = access.clients[0]?.network ?? "";
    // Rows that came right at the second try are warnings: this is a benchmark of the time.
    const told = [exitCodes["as expected"], exitCodes.warnings];
    record(`the rows of ${home}, where the client lives`, succeed(ofStack("verify", "--network", home), told).seconds);
    const all = succeed(ofStack("verify", "--network", "all"), told);
    record("the rows of all networks", all.seconds);
    const { figures: joined, verified } = await benchJoins(access, joins, seed);
    record("destroy", succeed(ofStack("destroy")).seconds);
    return {
      figures: [...figures, ...joined],
      told: all.stdout.trimEnd().split("\n").at(-1) ?? "",
      joinsVerified: verified,
    };
  } finally {
    run(ofStack("destroy"));
    fs.rmSync(stackFile(stack), { force: true });
  }
}
