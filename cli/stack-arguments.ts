/** The arguments of the commands: which stack, and what is passed on to Pulumi. */
import { UserError } from "../host/messages";

const defaultStack = "dev";

export interface StackArguments {
  readonly stack: string;
  /** Everything else, in its order. */
  readonly rest: readonly string[];
}

/**
 * Takes `--stack NAME`, `-s NAME` and their other spellings out; `PULUMI_STACK`, else `dev`, where none is given.
 * @throws UserError when the name is missing: the default must not take its place; or when it is none.
 */
export function stackArguments(args: readonly string[], environment: NodeJS.ProcessEnv = process.env): StackArguments {
  const rest: string[] = [];
  let stack = environment.PULUMI_STACK ?? "";
  let origin = "PULUMI_STACK";
  for (let index = 0; index < args.length; index += 1) {
    const argument = args[index] ?? "";
    const [, joined] = /^(?:--stack=|-s=?(?=[^-]))(.*)$/s.exec(argument) ?? [];
    if (joined === undefined && argument !== "--stack" && argument !== "-s") {
      rest.push(argument);
      continue;
    }
    if (joined === undefined) index += 1;
    stack = joined ?? args[index] ?? "";
    origin = "--stack";
    if (stack === "" || stack.startsWith("-")) throw new UserError(`${argument} takes the name of a stack.`);
  }
  if (stack === "") return { stack: defaultStack, rest };
  requireName(origin, stack);
  return { stack, rest };
}

/**
 * Pulumi's rule for the name alone (sdk/go/common/tokens/stack_name.go), less what leads elsewhere as the name of a folder.
 * A qualified name, ORGANIZATION/PROJECT/STACK, would be another folder than the one in which the machines are.
 */
function requireName(origin: string, stack: string): void {
  if (/^[A-Za-z0-9_.-]{1,100}$/.test(stack) && stack !== "." && stack !== "..") return;
  const [last = ""] = stack.split("/").slice(-1);
  const remedy =
    last !== stack && /^\w/.test(last)
      ? `Write ${last} alone`
      : "Write the name as `npm run pulumi -- stack ls` shows it";
  throw new UserError(
    `${origin} ${stack}: that is not the name of a stack, which has at most 100 letters, digits, "_", "-" and ".". ${remedy}.`,
  );
}

/** Subcommands of Pulumi that read a stack's file and can be given another (`--config-file`). */
const readingConfig = /^(up|update|preview|refresh|destroy|import|watch)$/;

export function readsStackFile(args: readonly string[]): boolean {
  const subcommand = args.find((argument) => !argument.startsWith("-")) ?? "";
  return readingConfig.test(subcommand) && !isGiven(args, "--config-file");
}

/** Arguments with the given switches added where they are not there yet. */
export function withSwitches(args: readonly string[], switches: readonly string[]): string[] {
  return [...switches.filter((name) => !isGiven(args, name)), ...args];
}

function isGiven(args: readonly string[], option: string): boolean {
  return args.some((argument) => argument === option || argument.startsWith(`${option}=`));
}
