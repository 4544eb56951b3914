/** Words to the engine's display. */
import * as grpc from "@grpc/grpc-js";
import { EngineClient } from "@pulumi/pulumi/proto/engine_grpc_pb";
import { LogRequest, LogSeverity } from "@pulumi/pulumi/proto/engine_pb";

export interface Log {
  /** A line beside the resource; it does not stay in the display. */
  status(urn: string, line: string): void;
  warning(urn: string, line: string): void;
}

/** Sends lines in order; a line that does not arrive is not worth failing for. */
export class EngineLog implements Log {
  private readonly client: EngineClient;
  private last: Promise<void> = Promise.resolve();

  /** @param address the engine's, `host:port`. */
  constructor(address: string) {
    this.client = new EngineClient(address, grpc.credentials.createInsecure());
  }

  status(urn: string, line: string): void {
    this.send(new LogRequest().setSeverity(LogSeverity.INFO).setUrn(urn).setMessage(line).setEphemeral(true));
  }

  warning(urn: string, line: string): void {
    this.send(new LogRequest().setSeverity(LogSeverity.WARNING).setUrn(urn).setMessage(line));
  }

  private send(request: LogRequest): void {
    this.last = this.last.then(
      () =>
        new Promise((resolve) => {
          this.client.log(request, () => {
            resolve();
          });
        }),
    );
  }
}

export type Logging = "stdout" | "stderr" | "stdoutAndStderr" | "none" | undefined;

/** Which of a command's streams are shown; both unless told otherwise. */
export function shown(logging: Logging): { readonly stdout: boolean; readonly stderr: boolean } {
  const both = logging === undefined || logging === "stdoutAndStderr";
  return { stdout: both || logging === "stdout", stderr: both || logging === "stderr" };
}

/** Cuts a stream into lines; `end` gives out a last line without a newline. */
export function lineSplitter(onLine: (line: string) => void): { write(text: string): void; end(): void } {
  let rest = "";
  return {
    write(text) {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      lines.forEach(onLine);
    },
    end() {
      if (rest !== "") onLine(rest);
      rest = "";
    },
  };
}
