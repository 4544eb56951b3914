/** `npm run up -- [--stack NAME] [arguments of pulumi up]`: the lab, without questions. */
import { stackArguments, withSwitches } from "../stack-arguments";
import { clearPendingCreates, ensureStack, operate } from "../pulumi";
import { interruptible } from "../../host/interruption";
import { say } from "../../host/messages";
import { whenNobodyVisits } from "../visit-lock";
import { setUp } from "../setup";

export async function run(args: readonly string[]): Promise<number> {
  const { stack, rest } = stackArguments(args);
  const deployment = await setUp(stack, { machines: true });
  await ensureStack(deployment, stack);
  await interruptible((signal) => whenNobodyVisits(stack, { signal, progress: say }));
  await clearPendingCreates(deployment, stack);
  return operate(deployment, "up", stack, withSwitches(rest, ["--yes", "--skip-preview"]));
}
