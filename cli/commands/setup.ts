/** `npm run setup`: makes everything ready, or what a stack needs, and says what there is. */
import { parseArgs } from "node:util";
import { say } from "../../host/messages";
import { cacheKeyLines, cacheKeys } from "../cache-keys";
import { helpText, stackOption } from "../help";
import { setUp } from "../setup";
import { stackArguments } from "../stack-arguments";

export const help = helpText({
  usage: ["npm run setup -- [--stack NAME] [--cache-keys]"],
  about: "Gets ready what labs need, or what one lab needs: programs, Pulumi's tool chain, the guest image.",
  options: {
    ...stackOption,
    "--cache-keys": "makes nothing, and prints what a CI system is to call the cache by (docs/ci.md)",
  },
});

export const options = { "cache-keys": { type: "boolean", default: false } } as const;

export async function run(args: readonly string[]): Promise<number> {
  const { stack, rest } = stackArguments(args);
  const { values } = parseArgs({ args: [...rest], options });
  if (values["cache-keys"]) {
    console.log(cacheKeyLines(await cacheKeys(stack)).join("\n"));
    return 0;
  }
  const { toolchain, own } = await setUp(args.length === 0 ? undefined : stack, "some");
  say(`Pulumi ${toolchain.version}: ${toolchain.pulumi}`);
  if (toolchain.kind === "modules") {
    say(
      "Stand-ins of this project in use: pulumi-language-nodejs, and the command plugin in a PULUMI_HOME of its own.",
    );
  }
  say(own === undefined ? "Backend: the one that you are logged in to." : `Backend: ${own.backend}`);
  return 0;
}
