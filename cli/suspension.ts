/** What `suspend` and `resume` have in common. */
import type { OperationContext } from "../plugin/handler";
import { UserError, messageOf, progress, progressDone, say } from "../host/messages";
import { interruptible } from "../host/interruption";
import { stackFolder } from "../host/paths";
import { requireAwake } from "./awake";
import { requireNoLock } from "./pulumi";
import { setUp } from "./setup";
import { stackArguments } from "./stack-arguments";
import { whenNobodyVisits } from "./visit-lock";

/**
 * Does something with all machines of a stack.
 * @param done what they are then.
 * @param wanted what they had to be before.
 * @returns the exit code: 1 when there was none.
 */
export async function onMachines(
  args: readonly string[],
  done: string,
  wanted: string,
  work: (stackFolder: string, context: OperationContext) => Promise<string[]>,
): Promise<number> {
  const { stack, rest } = stackArguments(args);
  if (rest.length > 0) throw new UserError(`${rest.join(" ")} is no argument of this command; it knows --stack NAME.`);
  requireNoLock(await setUp(stack), stack);
  await interruptible((signal) => whenNobodyVisits(stack, { signal, progress: say }));
  const started = Date.now();
  try {
    const machines = await interruptible((signal) =>
      work(stackFolder(stack), { signal, progress, info: say, warn: say }),
    );
    if (machines.length === 0) {
      requireAwake(stack);
      say(`Stack ${stack}: no machine of it ${wanted} here.`);
      return 1;
    }
    say(`Stack ${stack}: ${machines.join(", ")} ${done} in ${((Date.now() - started) / 1000).toFixed(1)} s.`);
    return 0;
  } catch (error) {
    throw error instanceof UserError ? error : new UserError(`Stack ${stack} is not ${done}: ${messageOf(error)}`);
  } finally {
    progressDone();
  }
}
