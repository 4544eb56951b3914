/**
 * A stand-in for `pulumi-language-nodejs`, for machines that reach package registries but no release downloads: the
 * official host is in no Go module. It serves the part of the language protocol that running a program needs.
 */
import { LanguageRuntimeService } from "@pulumi/pulumi/proto/language_grpc_pb";
import { serve } from "../../../plugin/server";
import { LanguageHost } from "./service";

const host = new LanguageHost();
void serve(LanguageRuntimeService, host.implementation(), () => {
  host.cancelProgram();
});
