/** The arguments of the commands: which stack, and what is passed on to Pulumi. */

import { defaultStack } from "../verify/access";

export interface StackArguments {
  readonly stack: string;
  /** Everything else, in its order. */
  readonly rest: readonly string[];
}

/** Takes `--stack NAME`, `--stack=NAME` and `-s NAME` out; `PULUMI_STACK`, else `dev`, where none is given. */
export function stackArguments(args: readonly string[], environment: NodeJS.ProcessEnv = process.env): StackArguments {
  const rest: string[] = [];
  let stack: string | undefined;
  for (let index = 0; index < args.length; index += 1) {
    const argument = args[index] ?? "";
    if (argument === "--stack" || argument === "-s") {
      stack = args[index + 1];
      index += 1;
    } else if (argument.startsWith("--stack=")) stack = argument.slice("--stack=".length);
    else rest.push(argument);
  }
  const fallback = environment.PULUMI_STACK ?? "";
  return { stack: stack ?? (fallback === "" ? defaultStack : fallback), rest };
}

/** Subcommands of Pulumi that read a stack's file and can be given another (`--config-file`). */
const readingConfig: ReadonlySet<string> = new Set([
  "up",
  "update",
  "preview",
  "refresh",
  "destroy",
  "import",
  "watch",
]);

export function readsStackFile(args: readonly string[]): boolean {
  const subcommand = args.find((argument) => !argument.startsWith("-"));
  return (
    subcommand !== undefined &&
    readingConfig.has(subcommand) &&
    !args.some((argument) => argument === "--config-file" || argument.startsWith("--config-file="))
  );
}

/** Arguments with the given switches added where they are not there yet. */
export function withSwitches(args: readonly string[], switches: readonly string[]): string[] {
  return [...switches.filter((name) => !args.some((arg) => arg === name || arg.startsWith(`${name}=`))), ...args];
}
