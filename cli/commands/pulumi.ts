/** `npm run pulumi -- ARGUMENTS`: Pulumi itself, with the project's tool chain, backend and passphrase. */
import { readsStackFile, stackArguments } from "../stack-arguments";
import { runInForeground } from "../../host/foreground";
import { projectRoot } from "../../host/paths";
import { setUp } from "../setup";
import { syncWorkingCopy } from "../stack-config";
import { readStack } from "../stack-state";

export async function run(args: readonly string[]): Promise<number> {
  const { stack } = stackArguments(args);
  const { own, toolchain, env } = await setUp(stack, "perhaps");
  const state = own === undefined ? undefined : readStack(own, stack);
  const config =
    own !== undefined && state !== undefined && readsStackFile(args)
      ? ["--config-file", syncWorkingCopy(own, stack, state.salt)]
      : [];
  return runInForeground(toolchain.pulumi, [...args, ...config], {
    cwd: projectRoot,
    env: own === undefined ? env : { ...env, PULUMI_STACK: stack },
  });
}
