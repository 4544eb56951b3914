/** `npm run up -- [--stack NAME] [arguments of pulumi up]`: the lab, without questions. */
import { helpText, pulumiOptions, stackOption } from "../help";
import { stackArguments, withSwitches } from "../stack-arguments";
import { clearPendingCreates, ensureStack, operate } from "../pulumi";
import { interruptible } from "../../host/interruption";
import { say } from "../../host/messages";
import { whenNobodyVisits } from "../visit-lock";
import { setUp } from "../setup";

export const help = helpText({
  usage: ["npm run up -- [--stack NAME] [options of pulumi up]"],
  about: `Creates the lab or brings it to what its configuration says, without questions, and looks at it. ${pulumiOptions("up")}`,
  options: stackOption,
});

export async function run(args: readonly string[]): Promise<number> {
  const { stack, rest } = stackArguments(args);
  const deployment = await setUp(stack, "some");
  await ensureStack(deployment, stack);
  await interruptible((signal) => whenNobodyVisits(stack, { signal, progress: say }));
  await clearPendingCreates(deployment, stack);
  return operate(deployment, "up", stack, withSwitches(rest, ["--yes", "--skip-preview"]));
}
