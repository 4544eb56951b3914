/** `npm run preview -- [--stack NAME] [arguments of pulumi preview]`: what `up` would do. */
import { say } from "../../host/messages";
import { suspensionWords } from "../awake";
import { helpText, pulumiOptions, stackOption } from "../help";
import { stackArguments } from "../stack-arguments";
import { ensureStack, operate } from "../pulumi";
import { setUp } from "../setup";

export const help = helpText({
  usage: ["npm run preview -- [--stack NAME] [options of pulumi preview]"],
  about: `What up would do, down to the lines of the gateway's files with --diff. ${pulumiOptions("preview")}`,
  options: stackOption,
});

export async function run(args: readonly string[]): Promise<number> {
  const { stack, rest } = stackArguments(args);
  const deployment = await setUp(stack);
  await ensureStack(deployment, stack);
  const suspended = suspensionWords(stack);
  if (suspended !== undefined) say(suspended);
  return operate(deployment, "preview", stack, rest);
}
