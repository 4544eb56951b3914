/** The commands behind `npm run …`: each is a file in `commands/` that exports `run(args): Promise<exit code>`. */
import { readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { ConfigError } from "../plan/problem";
import { asksForHelp } from "./help";
import { UserError, codeOf, messageOf, say } from "../host/messages";

interface Command {
  run(args: readonly string[]): Promise<number>;
  /** What `--help` prints; without it the option is the command's own. */
  readonly help?: unknown;
  /** The arguments before those of a program that it starts; all where it is left out. */
  readonly ownArguments?: (args: readonly string[]) => readonly string[];
  /** Of one that ends with an error, with these arguments; 1 where it is left out. */
  readonly errorCodeOf?: (args: readonly string[]) => number;
}

/** What the process ends with when the command ends with an error. */
let errorCode = 1;

// A job without one (`env -i`, some service managers) still has its programs where they are: nothing is to be installed.
if ((process.env.PATH ?? "") === "") process.env.PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** Why not all was written that was to be said. */
let unwritten: Error | undefined;
for (const stream of [process.stdout, process.stderr])
  stream.on("error", (error) => {
    // Whoever read may have seen enough, and the work goes on.
    if (codeOf(error) !== "EPIPE") unwritten ??= error;
  });

async function main(name: string | undefined, args: readonly string[]): Promise<number> {
  const names = commandNames();
  if (name === undefined || !names.includes(name)) {
    say(`Usage: npm run <command> [-- arguments]\nCommands: ${names.join(", ")}`);
    return name === undefined || name === "help" || name === "--help" ? 0 : 1;
  }
  const loaded: unknown = createRequire(__filename)(`./commands/${name}.ts`);
  if (!isCommand(loaded)) throw new Error(`cli/commands/${name}.ts exports no run function.`);
  if (typeof loaded.help === "string" && asksForHelp(loaded.ownArguments?.(args) ?? args)) {
    console.log(loaded.help);
    return 0;
  }
  errorCode = loaded.errorCodeOf?.(args) ?? errorCode;
  return loaded.run(args);
}

function commandNames(): string[] {
  return readdirSync(join(__dirname, "commands"))
    .filter((file) => file.endsWith(".ts"))
    .map((file) => file.replace(/\.ts$/, ""))
    .sort();
}

function isCommand(value: unknown): value is Command {
  return typeof value === "object" && value !== null && "run" in value && typeof value.run === "function";
}

const [name, ...args] = process.argv.slice(2);
main(name, args).then(
  (code) => {
    process.exitCode = code;
    process.once("beforeExit", () => {
      if (unwritten === undefined) return;
      say(`error: not all could be written that was to be said: ${messageOf(unwritten)}`);
      process.exitCode = errorCode;
    });
  },
  (error: unknown) => {
    // An argument that nobody knows is the user's to mend too.
    const usage = String(codeOf(error)).startsWith("ERR_PARSE_ARGS");
    if (usage || error instanceof UserError || error instanceof ConfigError) say(`error: ${messageOf(error)}`);
    else console.error(error);
    if (usage) say(`npm run ${name ?? ""} -- --help tells what there is.`);
    process.exitCode = errorCode;
  },
);
