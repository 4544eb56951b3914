/** What runs over an open SSH connection. */
import type { Client, ClientChannel } from "ssh2";
import { withDeadline } from "../host/deadline";

interface ExecOptions {
  /** Written to the command's standard input, which is then closed. */
  readonly stdin?: string | Buffer | undefined;
  /** Kills the command's channel at once. */
  readonly signal?: AbortSignal | undefined;
  /** Seconds from the question to its end; default: without limit. */
  readonly timeout?: number | undefined;
  /** Told of output as it comes. */
  readonly onStdout?: ((text: string) => void) | undefined;
  readonly onStderr?: ((text: string) => void) | undefined;
}

interface ExecResult {
  /** Undefined when a signal ended the command. */
  readonly code: number | undefined;
  /** Of the signal that ended it, e.g. `SIGTERM`. */
  readonly signal: string | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** The machine went away, or the channel was closed, before the command told how it ended. */
export class ConnectionLostError extends Error {
  override readonly name = "ConnectionLostError";
}

/** One user's hold on a connection. */
export class SshConnection {
  private lost: Error | undefined;

  /** @param end ends it, or lets go of what others use too. */
  constructor(
    private readonly client: Client,
    private readonly end: () => void,
  ) {
    // Each command under way listens for the end of the connection; Node.js takes more than ten for a leak.
    client.setMaxListeners(0);
    client.on("error", (error) => {
      this.lost ??= error;
    });
  }

  /**
   * Runs a command with the login shell.
   * @throws ConnectionLostError, a timeout error, or the signal's reason; never for an exit code.
   */
  async exec(command: string, options: ExecOptions = {}): Promise<ExecResult> {
    const { signal, timeout = 0 } = options;
    signal?.throwIfAborted();
    const late = `The command did not end within ${timeout} s: ${firstLine(command)}`;
    return withDeadline(timeout, late, signal, (end) => this.open(command, options, end));
  }

  /** What opens connections from the machine at the other end. */
  get jumpHost(): Client {
    return this.client;
  }

  /** Closes politely; what is still running on the channels is cut off. */
  close(): void {
    this.end();
  }

  private open(command: string, options: ExecOptions, end: AbortSignal): Promise<ExecResult> {
    const { client } = this;
    return new Promise((resolve, reject) => {
      const onClose = (): void => {
        reject(new ConnectionLostError("The SSH connection was lost before the command started."));
      };
      const onAbort = (): void => {
        reject(abortReason(end));
      };
      client.once("close", onClose);
      end.addEventListener("abort", onAbort);
      client.exec(command, (error, channel) => {
        client.removeListener("close", onClose);
        end.removeEventListener("abort", onAbort);
        if (error !== undefined) reject(error);
        else if (end.aborted) channel.destroy();
        // At once: what a quick command said and how it ended may be in the same packet as the answer to this.
        else resolve(this.collect(channel, command, options, end));
      });
    });
  }

  private collect(
    channel: ClientChannel,
    command: string,
    options: ExecOptions,
    end: AbortSignal,
  ): Promise<ExecResult> {
    const stdout = gather(channel, options.onStdout);
    const stderr = gather(channel.stderr, options.onStderr);
    let exit: Pick<ExecResult, "code" | "signal"> | undefined;
    return new Promise((resolve, reject) => {
      const stop = (error: Error): void => {
        end.removeEventListener("abort", onAbort);
        // First: a channel that is destroyed may close before this returns.
        reject(error);
        channel.signal("KILL");
        channel.destroy();
      };
      const onAbort = (): void => {
        stop(abortReason(end));
      };
      end.addEventListener("abort", onAbort);
      channel.on("exit", (code: number | null, name?: string) => {
        exit = { code: code ?? undefined, signal: name };
      });
      channel.on("error", stop);
      channel.on("close", () => {
        end.removeEventListener("abort", onAbort);
        if (exit === undefined) {
          const why = this.lost === undefined ? "" : ` (${this.lost.message})`;
          reject(new ConnectionLostError(`The SSH connection was lost while this ran${why}: ${firstLine(command)}`));
        } else {
          resolve({ ...exit, stdout: stdout(), stderr: stderr() });
        }
      });
      channel.end(options.stdin ?? "");
    });
  }
}

/** Collects a stream's text; characters cut by a chunk's edge come out whole. */
function gather(stream: NodeJS.ReadableStream, onText: ((text: string) => void) | undefined): () => string {
  let text = "";
  stream.setEncoding("utf8");
  stream.on("data", (chunk: string) => {
    text += chunk;
    onText?.(chunk);
  });
  return () => text;
}

export function abortReason({ reason }: AbortSignal): Error {
  return reason instanceof Error ? reason : new Error("cancelled");
}

function firstLine(command: string): string {
  const [line = ""] = command.split("\n");
  return line === command ? line : `${line} …`;
}
