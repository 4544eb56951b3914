/** `npm run destroy -- [--stack NAME] [arguments of pulumi destroy]`: the lab and its stack are taken away. */
import { helpText, pulumiOptions, stackOption } from "../help";
import { stackArguments, withSwitches } from "../stack-arguments";
import { say } from "../../host/messages";
import { clearPendingCreates, operate, removeRemains, removeStack, stackExists } from "../pulumi";
import { interruptible } from "../../host/interruption";
import { whenNobodyVisits } from "../visit-lock";
import { setUp } from "../setup";

export const help = helpText({
  usage: ["npm run destroy -- [--stack NAME] [options of pulumi destroy]"],
  about: `Takes the lab and its stack away: no process, no file, no port is left. The configuration stays. ${pulumiOptions("destroy")}`,
  options: stackOption,
});

export async function run(args: readonly string[]): Promise<number> {
  const { stack, rest } = stackArguments(args);
  const deployment = await setUp(stack);
  if (!(await stackExists(deployment, stack))) {
    const remains = !rest.includes("--preview-only") && (await removeRemains(deployment, stack));
    if (!remains) say(`Stack ${stack} does not exist: there is nothing to destroy.`);
    return 0;
  }
  await interruptible((signal) => whenNobodyVisits(stack, { signal, progress: say }));
  await clearPendingCreates(deployment, stack);
  const code = await operate(deployment, "destroy", stack, withSwitches(rest, ["--yes", "--skip-preview"]));
  if (code === 0 && !rest.includes("--preview-only")) await removeStack(deployment, stack);
  return code;
}
