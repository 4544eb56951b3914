/** The language protocol: every request and its answer. */
import type { ILanguageRuntimeServer } from "@pulumi/pulumi/proto/language_grpc_pb";
import {
  AboutResponse,
  DependencyInfo,
  GetProgramDependenciesResponse,
  GetRequiredPackagesResponse,
  GetRequiredPluginsResponse,
  InstallDependenciesResponse,
  LanguageHandshakeResponse,
  type ProgramInfo,
  type RunRequest,
  RunResponse,
  RuntimeOptionsResponse,
} from "@pulumi/pulumi/proto/language_pb";
import { PackageDependency, PluginDependency, PluginInfo } from "@pulumi/pulumi/proto/plugin_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { answered } from "../../../plugin/answer";
import { engineAddress } from "../../../plugin/server";
import { installDependencies } from "./install";
import { directDependencies, requiredPlugins } from "./packages";
import { type ProgramExit, RunningProgram } from "./program";

/** The version that the stand-in gives as its own. */
const version = "0.1.0";

export class LanguageHost {
  private engineAddress = engineAddress();
  private readonly programs = new Set<RunningProgram>();

  /** What is not listed here (code generation, packing) answers UNIMPLEMENTED. */
  implementation() {
    return {
      handshake: answered((request) => {
        this.engineAddress = request.getEngineAddress();
        return new LanguageHandshakeResponse();
      }),
      getPluginInfo: answered(() => new PluginInfo().setVersion(version)),
      getRequiredPackages: answered((request) =>
        new GetRequiredPackagesResponse().setPackagesList(packages(programFolder(request))),
      ),
      getRequiredPlugins: answered((request) =>
        new GetRequiredPluginsResponse().setPluginsList(plugins(programFolder(request))),
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
            call.destroy(asError(error));
          },
        );
      },
      getProgramDependencies: answered((request) => {
        const found = directDependencies(programFolder(request));
        const list = found.map(({ name, version }) => new DependencyInfo().setName(name).setVersion(version));
        return new GetProgramDependenciesResponse().setDependenciesList(list);
      }),
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
      return describeExit(await program.exit);
    } finally {
      this.programs.delete(program);
    }
  }
}

function describeExit(exit: ProgramExit): RunResponse {
  switch (exit.kind) {
    case "success":
      return new RunResponse();
    case "reported":
      return new RunResponse().setBail(true);
    case "failure":
      return new RunResponse().setError(exit.message);
  }
}

function packages(folder: string): PackageDependency[] {
  return requiredPlugins(folder).map((plugin) =>
    new PackageDependency()
      .setKind("resource")
      .setName(plugin.name)
      .setVersion(plugin.version)
      .setServer(plugin.server),
  );
}

function plugins(folder: string): PluginDependency[] {
  return requiredPlugins(folder).map((plugin) =>
    new PluginDependency().setKind("resource").setName(plugin.name).setVersion(plugin.version).setServer(plugin.server),
  );
}

function programFolder(request: { getInfo(): ProgramInfo | undefined }): string {
  return request.getInfo()?.getProgramDirectory() ?? process.cwd();
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
