/** `npm run refresh -- [--stack NAME] [arguments of pulumi refresh]`: the state is brought up to what is there. */
import { helpText, pulumiOptions, stackOption } from "../help";
import { stackArguments, withSwitches } from "../stack-arguments";
import { say } from "../../host/messages";
import { operate, stackExists } from "../pulumi";
import { setUp } from "../setup";

export const help = helpText({
  usage: ["npm run refresh -- [--stack NAME] [options of pulumi refresh]"],
  about: `Brings the state up to what is there: what was changed behind its back is seen. ${pulumiOptions("refresh")}`,
  options: stackOption,
});

export async function run(args: readonly string[]): Promise<number> {
  const { stack, rest } = stackArguments(args);
  const deployment = await setUp(stack);
  if (!(await stackExists(deployment, stack))) {
    say(`Stack ${stack} does not exist: there is nothing to refresh.`);
    return 0;
  }
  return operate(deployment, "refresh", stack, withSwitches(rest, ["--yes", "--skip-preview"]));
}
