/**
 * A stand-in for the official `pulumi-resource-command`, for machines that reach package registries but no release
 * downloads: the plugin is in no Go module. See docs/tool-chain.md.
 */
import { serveProvider } from "../../../plugin/provider-process";
import { commandPluginVersion } from "../../pins";
import { remedy, remoteCommandHandler } from "./remote-command";

serveProvider({
  version: commandPluginVersion,
  schema: () => JSON.stringify({ name: "command", version: commandPluginVersion }),
  handlers: new Map([["command:remote:Command", remoteCommandHandler]]),
  remedy,
});
