/** `npm run sessions [-- --stack <name>] [--json]`: Jool's session and BIB tables. */
import { parseArgs } from "node:util";
import { connectGateway } from "../../verify/connect";
import { translations } from "../../verify/facts";
import { formatSessions } from "../../verify/sessions";
import { readAccess } from "../recorded-access";
import { stackArguments } from "../stack-arguments";
import { interruption } from "../../host/interruption";

export async function run(args: readonly string[]): Promise<number> {
  const { stack, rest } = stackArguments(args);
  const { values } = parseArgs({ args: [...rest], options: { json: { type: "boolean", default: false } } });
  const signal = interruption();
  const gateway = await connectGateway(await readAccess(stack), { wait: 0, signal });
  try {
    const facts = await translations(gateway, signal);
    console.log(values.json ? JSON.stringify(facts, null, 2) : formatSessions(facts));
  } finally {
    gateway.close();
  }
  return 0;
}
