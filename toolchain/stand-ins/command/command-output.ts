/** What a command printed, and the words for one that failed: the same for local and remote commands. */
import { type Log, type Logging, lineSplitter, shown } from "./log";

export interface CommandOutput {
  readonly stdout: string;
  readonly stderr: string;
}

/** What every run is given beside the command itself. */
export interface RunContext {
  readonly urn: string;
  readonly log: Log;
  /** Aborted by the engine's Cancel and by the operation's custom timeout. */
  readonly signal: AbortSignal;
}

/** Gathers both streams, apart for the outputs and together, in the order of arrival, for an error. */
export class OutputCollector {
  private stdout = "";
  private stderr = "";
  private together = "";
  private readonly lines;
  private readonly show;

  constructor(context: RunContext, logging: Logging) {
    this.lines = lineSplitter((line) => {
      context.log.status(context.urn, line);
    });
    this.show = shown(logging);
  }

  readonly onStdout = (text: string): void => {
    this.stdout += text;
    this.together += text;
    if (this.show.stdout) this.lines.write(text);
  };

  readonly onStderr = (text: string): void => {
    this.stderr += text;
    this.together += text;
    if (this.show.stderr) this.lines.write(text);
  };

  /**
   * The outputs, each without its last newline.
   * @throws Error with the command and everything that it printed when it did not end with code 0.
   */
  finish(command: string, code: number | undefined, signal: string | undefined): CommandOutput {
    this.lines.end();
    if (code !== 0) {
      const how = code === undefined ? `ended by signal ${signal ?? "unknown"}` : `exited with status ${code}`;
      throw new Error(`Process ${how}: running ${JSON.stringify(command)}:\n${this.together}`);
    }
    return { stdout: this.stdout.replace(/\n$/, ""), stderr: this.stderr.replace(/\n$/, "") };
  }
}

/** The last run's output, for the next run's environment, unless that is switched off. */
export function previousOutput(
  inputs: { readonly addPreviousOutputInEnv?: boolean | undefined },
  previous: Partial<CommandOutput>,
): Record<string, string> {
  if (inputs.addPreviousOutputInEnv === false) return {};
  return {
    ...(previous.stdout === undefined || previous.stdout === "" ? {} : { PULUMI_COMMAND_STDOUT: previous.stdout }),
    ...(previous.stderr === undefined || previous.stderr === "" ? {} : { PULUMI_COMMAND_STDERR: previous.stderr }),
  };
}
