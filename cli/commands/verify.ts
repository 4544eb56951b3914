/**
 * `npm run verify [-- --stack <name>] [--network <name>,…|all] [--json] [--wait <seconds>] [client …]`: the checks that end
 * `up`, now. With `--network` one client visits those networks, one after the other, and goes home.
 */
import { parseArgs } from "node:util";
import { formatFaults } from "../../verify/faults";
import { formatReport, type Report } from "../../verify/report";
import { verifyLab } from "../../verify/runner";
import { UserError, say } from "../../host/messages";
import { readAccess } from "../recorded-access";
import { stackArguments } from "../stack-arguments";
import { interruptible } from "../../host/interruption";
import { requireNoLock } from "../pulumi";
import { setUp } from "../setup";
import { chosenNetworks, tour } from "../tour";

export async function run(args: readonly string[]): Promise<number> {
  const { stack, rest } = stackArguments(args);
  const { values, positionals } = parseArgs({
    args: [...rest],
    allowPositionals: true,
    options: {
      json: { type: "boolean", default: false },
      wait: { type: "string", default: "0" },
      network: { type: "string" },
    },
  });
  const wait = Number(values.wait);
  if (!Number.isFinite(wait) || wait < 0) {
    throw new UserError(`--wait ${values.wait}: it takes a number of seconds.`);
  }
  const access = await readAccess(stack);
  const unknown = positionals.filter((name) => !access.clients.some((client) => client.name === name));
  if (unknown.length > 0) {
    throw new UserError(
      `No client is called ${unknown.join(", ")}. There are: ${access.clients.map(({ name }) => name).join(", ")}.`,
    );
  }
  if (values.network !== undefined) {
    const networks = chosenNetworks(access, values.network);
    const [client, ...others] = access.clients.filter(
      ({ name }) => positionals.length === 0 || positionals.includes(name),
    );
    if (client === undefined || (others.length > 0 && positionals.length > 0)) {
      throw new UserError("One client visits the networks: name one, or none for the first.");
    }
    requireNoLock(await setUp(stack), stack);
    const seen = await interruptible((signal) => tour(access, client, networks, { signal, progress: say }));
    return tell(seen.report, values.json, formatFaults(seen.grid));
  }
  const only = positionals.length === 0 ? {} : { only: positionals };
  const report = await interruptible((signal) => verifyLab(access, { wait, signal, progress: say, ...only }));
  return tell(report, values.json);
}

/** @param grid tells faults that are as expected better than a row for each. */
function tell(report: Report, json: boolean, grid: readonly string[] = []): number {
  if (json) console.log(JSON.stringify(report, null, 2));
  else {
    if (grid.length > 0) console.log([...grid, ""].join("\n"));
    console.log(formatReport(report));
  }
  return report.passed ? 0 : 1;
}
