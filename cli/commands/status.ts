/**
 * `npm run status [-- --stack <name>] [--json|--svg]`: topology, addresses, services, health. `--svg` draws the topology,
 * with every client where it is.
 */
import { parseArgs } from "node:util";
import { topologySvg } from "../../report/topology-svg";
import { formatStatus, labStatus } from "../../verify/status";
import { labTopology } from "../../verify/topology";
import { readAccess } from "../recorded-access";
import { stackArguments } from "../stack-arguments";
import { interruptible } from "../../host/interruption";

export async function run(args: readonly string[]): Promise<number> {
  const { stack, rest } = stackArguments(args);
  const flag = { type: "boolean", default: false } as const;
  const { values } = parseArgs({ args: [...rest], options: { json: flag, svg: flag } });
  const access = await readAccess(stack);
  if (values.svg) {
    console.log(String(topologySvg(labTopology(access))));
    return 0;
  }
  const status = await interruptible((signal) => labStatus(access, { wait: 0, signal }));
  console.log(values.json ? JSON.stringify(status, null, 2) : formatStatus(status));
  return status.healthy ? 0 : 1;
}
