/** `npm run verify [-- --stack <name>] [--json] [--wait <seconds>] [client …]`: the checks that end `up`, now. */
import { parseArgs } from "node:util";
import { formatReport } from "../../verify/report";
import { verifyLab } from "../../verify/runner";
import { UserError, say } from "../../host/messages";
import { readAccess } from "../recorded-access";
import { stackArguments } from "../stack-arguments";
import { interruptible } from "../../host/interruption";

export async function run(args: readonly string[]): Promise<number> {
  const { stack, rest } = stackArguments(args);
  const { values, positionals } = parseArgs({
    args: [...rest],
    allowPositionals: true,
    options: {
      json: { type: "boolean", default: false },
      wait: { type: "string", default: "0" },
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
  const only = positionals.length === 0 ? {} : { only: positionals };
  const report = await interruptible((signal) => verifyLab(access, { wait, signal, progress: say, ...only }));
  console.log(values.json ? JSON.stringify(report, null, 2) : formatReport(report));
  return report.passed ? 0 : 1;
}
