/** `npm run status [-- --stack <name>] [--json]`: topology, addresses, services, health. */
import { parseArgs } from "node:util";
import { formatStatus, labStatus } from "../../verify/status";
import { readAccess } from "../recorded-access";
import { stackArguments } from "../stack-arguments";
import { interruptible } from "../../host/interruption";

export async function run(args: readonly string[]): Promise<number> {
  const { stack, rest } = stackArguments(args);
  const { values } = parseArgs({ args: [...rest], options: { json: { type: "boolean", default: false } } });
  const access = await readAccess(stack);
  const status = await interruptible((signal) => labStatus(access, { wait: 0, signal }));
  console.log(values.json ? JSON.stringify(status, null, 2) : formatStatus(status));
  return status.healthy ? 0 : 1;
}
