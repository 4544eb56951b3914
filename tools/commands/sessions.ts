/** `npm run sessions [-- --stack <name>] [--json]`: Jool's session and BIB tables. */
import { parseArgs } from "node:util";
import { connectGateway } from "../../verify/connect";
import { gatewayFacts } from "../../verify/runner";
import { formatSessions } from "../../verify/sessions";
import { readAccess } from "../access";
import { defaultStack } from "../arguments";
import { interruption } from "../interruption";

export async function run(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      stack: { type: "string", short: "s", default: defaultStack },
      json: { type: "boolean", default: false },
    },
  });
  const signal = interruption();
  const gateway = await connectGateway(await readAccess(values.stack), { wait: 0, signal });
  try {
    const { sessions, bib } = await gatewayFacts(gateway, signal);
    console.log(values.json ? JSON.stringify({ sessions, bib }, null, 2) : formatSessions({ sessions, bib }));
  } finally {
    gateway.close();
  }
  return 0;
}
