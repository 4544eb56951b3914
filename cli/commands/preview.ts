/** `npm run preview -- [--stack NAME] [arguments of pulumi preview]`: what `up` would do. */
import { stackArguments } from "../stack-arguments";
import { ensureStack, operate } from "../pulumi";
import { setUp } from "../setup";

export async function run(args: readonly string[]): Promise<number> {
  const { stack, rest } = stackArguments(args);
  const deployment = await setUp(stack);
  await ensureStack(deployment, stack);
  return operate(deployment, "preview", stack, rest);
}
