/** The process `pulumi-resource-lab`: serves the provider to the engine that started it. */
import { ResourceProviderService } from "@pulumi/pulumi/proto/provider_grpc_pb";
import { serve } from "../plugin/server";
import { EngineLog } from "../plugin/engine-log";
import { labProvider } from "./provider";
import { ProviderService } from "../plugin/provider-service";

const [engineAddress] = process.argv.slice(2).filter((argument) => !argument.startsWith("-"));
const log = new EngineLog();
log.attach(engineAddress ?? "");
const provider = new ProviderService(labProvider, log);

serve(ResourceProviderService, provider.implementation(), () => provider.end()).catch((error: unknown) => {
  process.stderr.write(`${String(error)}\n`);
  process.exitCode = 1;
});
