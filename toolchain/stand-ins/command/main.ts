/**
 * A stand-in for the official `pulumi-resource-command`, for machines that reach package registries but no release
 * downloads: the plugin is in no Go module. Same resources, inputs and outputs; see docs/tool-chain.md.
 */
import { ResourceProviderService } from "@pulumi/pulumi/proto/provider_grpc_pb";
import { serve } from "../../../plugin/server";
import { commandPluginVersion } from "../../pins";
import { EngineLog } from "./log";
import { CommandProvider } from "./provider";

const [engineAddress = ""] = process.argv.slice(2).filter((argument) => !argument.startsWith("-"));
const provider = new CommandProvider(commandPluginVersion, new EngineLog(engineAddress));
void serve(ResourceProviderService, provider.implementation(), () => {
  provider.cancel();
});
