/** A provider as the process that the engine starts. */
import { ResourceProviderService } from "@pulumi/pulumi/proto/provider_grpc_pb";
import { EngineLog } from "./engine-log";
import { type ProviderDefinition, ProviderService } from "./provider-service";
import { engineAddress, serve } from "./server";

export function serveProvider(definition: ProviderDefinition): void {
  const log = new EngineLog();
  log.attach(engineAddress());
  const provider = new ProviderService(definition, log);
  serve(ResourceProviderService, provider.implementation(), () => provider.end()).catch((error: unknown) => {
    process.stderr.write(`${String(error)}\n`);
    process.exitCode = 1;
  });
}
