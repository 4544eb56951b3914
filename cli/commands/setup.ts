/** `npm run setup [-- --stack NAME]`: makes everything ready, or what a stack needs, and says what there is. */
import { say } from "../../host/messages";
import { setUp } from "../setup";
import { stackArguments } from "../stack-arguments";

export async function run(args: readonly string[]): Promise<number> {
  const stack = args.length === 0 ? undefined : stackArguments(args).stack;
  const { toolchain, own } = await setUp(stack, { machines: true });
  say(`Pulumi ${toolchain.version}: ${toolchain.pulumi}`);
  if (toolchain.kind === "modules") {
    say(
      "Stand-ins of this project in use: pulumi-language-nodejs, and the command plugin in a PULUMI_HOME of its own.",
    );
  }
  say(own === undefined ? "Backend: the one that you are logged in to." : `Backend: ${own.backend}`);
  return 0;
}
