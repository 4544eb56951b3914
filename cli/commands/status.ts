/** `npm run status [-- --stack <name>] [--json]`: topology, addresses, services, health. */
import { parseArgs } from "node:util";
import { formatStatus, labStatus } from "../../verify/status";
import { readAccess } from "../recorded-access";
import { defaultStack } from "../../verify/access";
import { interruption } from "../../host/interruption";

export async function run(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      stack: { type: "string", short: "s", default: defaultStack },
      json: { type: "boolean", default: false },
    },
  });
  const status = await labStatus(await readAccess(values.stack), { wait: 0, signal: interruption() });
  console.log(values.json ? JSON.stringify(status, null, 2) : formatStatus(status));
  return status.healthy ? 0 : 1;
}
