/** Lines on the user's terminal, by way of the engine that started the provider. */
import * as grpc from "@grpc/grpc-js";
import { EngineClient } from "@pulumi/pulumi/proto/engine_grpc_pb";
import { LogRequest, LogSeverity } from "@pulumi/pulumi/proto/engine_pb";
import type { OperationContext } from "./handler";

export class EngineLog {
  private client: EngineClient | undefined;
  private last: Promise<void> = Promise.resolve();

  /** @param address where the engine listens, `127.0.0.1:PORT`; empty: nobody listens, lines are dropped. */
  attach(address: string): void {
    this.client = address === "" ? undefined : new EngineClient(address, grpc.credentials.createInsecure());
  }

  /** What can be said of a resource. */
  about(urn: string): Pick<OperationContext, "progress" | "info" | "warn"> {
    const say = (severity: LogSeverity, ephemeral: boolean) => (message: string) => {
      this.send(new LogRequest().setSeverity(severity).setUrn(urn).setMessage(message).setEphemeral(ephemeral));
    };
    return {
      progress: say(LogSeverity.INFO, true),
      info: say(LogSeverity.INFO, false),
      warn: say(LogSeverity.WARNING, false),
    };
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
