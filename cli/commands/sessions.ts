/** `npm run sessions`: Jool's session and BIB tables. */
import { parseArgs } from "node:util";
import { UserError } from "../../host/messages";
import { command } from "../../verify/access";
import { onGateway } from "../../verify/connect";
import { translations } from "../../verify/facts";
import { formatSessions } from "../../verify/sessions";
import { helpText, stackOption } from "../help";
import { readAccess } from "../recorded-access";
import { stackArguments } from "../stack-arguments";
import { interruptible } from "../../host/interruption";

export const help = helpText({
  usage: ["npm run sessions -- [--stack NAME] [--json]"],
  about: "Jool's session and binding tables: who talks to whom through NAT64 now.",
  options: { ...stackOption, "--json": "the same as JSON" },
});

export const options = { json: { type: "boolean", default: false } } as const;

export async function run(args: readonly string[]): Promise<number> {
  const { stack, rest } = stackArguments(args);
  const { values } = parseArgs({ args: [...rest], options });
  const access = await readAccess(stack);
  const { translations: facts } = await interruptible((signal) =>
    onGateway(access, { wait: 0, signal }, (connection) => translations({ connection, signal })),
  );
  if (!facts.told) {
    const verify = command(access.promised, "verify");
    throw new UserError(`The gateway does not tell what it translates: its tables cannot be read. Why: ${verify}`);
  }
  console.log(values.json ? JSON.stringify(facts, null, 2) : formatSessions(facts));
  return 0;
}
