/** Lines on the user's terminal, by way of the engine that started the provider. */
import * as grpc from "@grpc/grpc-js";
import { EngineClient } from "@pulumi/pulumi/proto/engine_grpc_pb";
import { LogRequest, LogSeverity } from "@pulumi/pulumi/proto/engine_pb";

export class EngineLog {
  private client: EngineClient | undefined;
  private last: Promise<void> = Promise.resolve();

  /** @param address where the engine listens, `127.0.0.1:PORT`; empty: nobody listens, lines are dropped. */
  attach(address: string): void {
    this.client = address === "" ? undefined : new EngineClient(address, grpc.credentials.createInsecure());
  }

  /** A line on the resource's own row, gone with the next one. */
  status(urn: string, message: string): void {
    this.send(new LogRequest().setSeverity(LogSeverity.INFO).setUrn(urn).setMessage(message).setEphemeral(true));
  }

  /** Text that stays, under the resource in the diagnostics. */
  info(urn: string, message: string): void {
    this.send(new LogRequest().setSeverity(LogSeverity.INFO).setUrn(urn).setMessage(message));
  }

  /** A line that stays, under the resource in the diagnostics. */
  warn(urn: string, message: string): void {
    this.send(new LogRequest().setSeverity(LogSeverity.WARNING).setUrn(urn).setMessage(message));
  }

  /** One after the other, so that they are shown in their order; one that does not arrive fails nothing. */
  private send(request: LogRequest): void {
    const { client } = this;
    if (client === undefined) return;
    this.last = this.last.then(
      () =>
        new Promise((resolve) => {
          client.log(request, () => {
            resolve();
          });
        }),
    );
  }
}
