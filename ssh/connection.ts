/** What runs over an open SSH connection. */
import type { Readable, Writable } from "node:stream";
import type { Client, ClientChannel } from "ssh2";
import { withDeadline } from "../host/deadline";

interface ExecOptions {
  /** Written to the command's standard input, which is then closed. */
  readonly stdin?: string | Buffer | undefined;
  /** Kills the command's channel at once. */
  readonly signal?: AbortSignal | undefined;
  /** Seconds from the question to its end; default: without limit. */
  readonly timeout?: number | undefined;
  /** Its input is written, and its time begins, only then; default: at once. It starts at once all the same. */
  readonly when?: Promise<void> | undefined;
  /** Told of output as it comes. */
  readonly onStdout?: ((text: string) => void) | undefined;
  readonly onStderr?: ((text: string) => void) | undefined;
}

export interface CommandEnd {
  /** Undefined when a signal ended the command. */
  readonly code: number | undefined;
  /** Of the signal that ended it, e.g. `SIGTERM`. */
  readonly signal: string | undefined;
}

interface ExecResult extends CommandEnd {
  readonly stdout: string;
  readonly stderr: string;
}

/** The command's streams. They are not ended here, except for the command's own input. */
export interface AttachOptions {
  /** Undefined: the command reads nothing. */
  readonly stdin?: Readable | undefined;
  readonly stdout: Writable;
  readonly stderr?: Writable | undefined;
  /** The command gets a terminal of this kind; what it says on stderr comes with the rest. */
  readonly terminal?: Terminal | undefined;
  /** Cuts the command off at once. */
  readonly signal: AbortSignal;
}

export interface Terminal {
  /** As in the environment variable TERM. */
  readonly kind: string;
  readonly columns: number;
  readonly rows: number;
  /** Told of a function that passes on a new size; what it returns is called at the end. */
  readonly onResize: (resize: (columns: number, rows: number) => void) => () => void;
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
    const { signal, timeout = 0, when } = options;
    signal?.throwIfAborted();
    const late = `The command did not end within ${timeout} s: ${firstLine(command)}`;
    const work = (end: AbortSignal): Promise<ExecResult> =>
      this.open(command, undefined, end, (channel) => this.collect(channel, command, options, end));
    return withDeadline(timeout, late, signal, work, when);
  }

  /**
   * Runs a command with the login shell, on streams as they are: any octets, as they come.
   * @throws ConnectionLostError, or the signal's reason; never for an exit code.
   */
  async attach(command: string, options: AttachOptions): Promise<CommandEnd> {
    const { terminal, signal, stdin, stdout, stderr } = options;
    signal.throwIfAborted();
    return this.open(command, terminal, signal, (channel) => {
      const outputs = [passOn(channel, stdout), passOn(channel.stderr, stderr)];
      const release = terminal?.onResize((columns, rows) => {
        channel.setWindow(rows, columns, 0, 0);
      });
      if (stdin === undefined) channel.end();
      else stdin.pipe(channel);
      return this.ended(channel, command, signal).finally(() => {
        stdin?.unpipe(channel);
        for (const letGo of outputs) letGo();
        release?.();
      });
    });
  }

  /** What opens connections from the machine at the other end. */
  get jumpHost(): Client {
    return this.client;
  }

  /** Closes politely; what is still running on the channels is cut off. */
  close(): void {
    this.end();
  }

  private open<T>(
    command: string,
    terminal: Terminal | undefined,
    end: AbortSignal,
    use: (channel: ClientChannel) => Promise<T>,
  ): Promise<T> {
    const { client } = this;
    const pty = terminal === undefined ? false : { term: terminal.kind, cols: terminal.columns, rows: terminal.rows };
    return new Promise((resolve, reject) => {
      const onClose = (): void => {
        reject(new ConnectionLostError("The SSH connection was lost before the command started."));
      };
      const onAbort = (): void => {
        reject(abortReason(end));
      };
      client.once("close", onClose);
      end.addEventListener("abort", onAbort);
      client.exec(command, { pty }, (error, channel) => {
        client.removeListener("close", onClose);
        end.removeEventListener("abort", onAbort);
        if (error !== undefined) reject(error);
        else if (end.aborted) channel.destroy();
        // At once: what a quick command said and how it ended may be in the same packet as the answer to this.
        else resolve(use(channel));
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
    const ended = this.ended(channel, command, end);
    const tell = (): void => {
      channel.end(options.stdin ?? "");
    };
    if (options.when === undefined) tell();
    // Who takes that back ends the command too.
    else void options.when.then(tell, () => undefined);
    return ended.then((how) => ({ ...how, stdout: stdout(), stderr: stderr() }));
  }

  private ended(channel: ClientChannel, command: string, end: AbortSignal): Promise<CommandEnd> {
    let exit: CommandEnd | undefined;
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
          resolve(exit);
        }
      });
    });
  }
}

/** Collects a stream's text; characters cut by a chunk's edge come out whole. */
/**
 * Hands on what is read, until who takes it takes no more: nothing is kept of the rest, and the command goes on.
 * @returns what ends the looking after the output, which may be there for longer.
 */
function passOn(source: Readable, output: Writable | undefined): () => void {
  const forget = (): void => {
    source.resume();
  };
  if (output === undefined || output.destroyed) forget();
  else source.pipe(output, { end: false });
  output?.once("error", forget);
  return () => output?.removeListener("error", forget);
}

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
