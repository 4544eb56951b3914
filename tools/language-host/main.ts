/**
 * A stand-in for `pulumi-language-nodejs`, for machines that reach package registries but no release downloads: the
 * official host is in no Go module. It serves the part of the language protocol that running a program needs.
 */
import { LanguageRuntimeService } from "@pulumi/pulumi/proto/language_grpc_pb";
import { serve } from "../grpc-server";
import { LanguageHost } from "./service";

const host = new LanguageHost();
process.on("SIGTERM", () => {
  host.cancelProgram();
  process.exit(0);
});
// The terminal's Ctrl-C is the engine's business: it ends this process when it is done with it.
process.on("SIGINT", () => undefined);
void serve(LanguageRuntimeService, host.implementation(), () => {
  host.cancelProgram();
});
