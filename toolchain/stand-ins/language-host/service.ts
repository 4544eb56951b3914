/** The language protocol: every request and its answer. */
import type { ILanguageRuntimeServer } from "@pulumi/pulumi/proto/language_grpc_pb";
import {
  AboutResponse,
  GetProgramDependenciesResponse,
  GetRequiredPackagesResponse,
  InstallDependenciesResponse,
  LanguageHandshakeResponse,
  type ProgramInfo,
  type RunRequest,
  type RunResponse,
  RuntimeOptionsResponse,
} from "@pulumi/pulumi/proto/language_pb";
import { PluginInfo } from "@pulumi/pulumi/proto/plugin_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { answered } from "../../../plugin/answer";
import { engineAddress } from "../../../plugin/server";
import { installDependencies } from "./install";
import { directDependencies, requiredPackages } from "./packages";
import { RunningProgram } from "./program";

/** The version that the stand-in gives as its own. */
const version = "0.1.0";

export class LanguageHost {
  private engineAddress = engineAddress();
  private readonly programs = new Set<RunningProgram>();

  /** What is not listed here (code generation, packing, what older engines asked) answers UNIMPLEMENTED. */
  implementation() {
    return {
      handshake: answered((request) => {
        this.engineAddress = request.getEngineAddress();
        return new LanguageHandshakeResponse();
      }),
      getPluginInfo: answered(() => new PluginInfo().setVersion(version)),
      getRequiredPackages: answered((request) =>
        new GetRequiredPackagesResponse().setPackagesList(requiredPackages(programFolder(request))),
      ),
      run: answered((request) => this.run(request)),
      about: answered(() =>
        new AboutResponse().setExecutable(process.execPath).setVersion(process.version.replace(/^v/, "")),
      ),
      installDependencies: (call) => {
        installDependencies(call.request.getInfo()?.getProgramDirectory() ?? call.request.getDirectory(), (chunk) => {
          call.write(new InstallDependenciesResponse().setStdout(chunk));
        }).then(
          () => {
            call.end();
          },
          (error: unknown) => {
            call.destroy(error instanceof Error ? error : new Error(String(error)));
          },
        );
      },
      getProgramDependencies: answered((request) =>
        new GetProgramDependenciesResponse().setDependenciesList(directDependencies(programFolder(request))),
      ),
      runtimeOptionsPrompts: answered(() => new RuntimeOptionsResponse()),
      cancel: answered(() => {
        this.cancelProgram();
        return new Empty();
      }),
    } satisfies Partial<ILanguageRuntimeServer>;
  }

  /** Ends every program that runs; safe to call at any time. */
  cancelProgram(): void {
    for (const program of this.programs) program.cancel();
  }

  private async run(request: RunRequest): Promise<RunResponse> {
    const program = new RunningProgram(request, this.engineAddress);
    this.programs.add(program);
    try {
      return await program.response;
    } finally {
      this.programs.delete(program);
    }
  }
}

function programFolder(request: { getInfo(): ProgramInfo | undefined }): string {
  return request.getInfo()?.getProgramDirectory() ?? process.cwd();
}
