/** How the SDK's `cmd/run` is called: a pure function of the engine's request. */
import type { ProgramInfo, RunRequest } from "@pulumi/pulumi/proto/language_pb";

/** Arguments for Node: its own options, the SDK's runner with its flags, the program and the program's arguments. */
export function programCommand(request: RunRequest, engineAddress: string, runner: string): string[] {
  const info = request.getInfo();
  return [
    ...nodeArguments(info),
    runner,
    "--monitor",
    request.getMonitorAddress(),
    "--engine",
    engineAddress,
    "--organization",
    request.getOrganization(),
    "--project",
    request.getProject(),
    "--stack",
    request.getStack(),
    "--pwd",
    request.getPwd(),
    "--root-directory",
    info?.getRootDirectory() ?? request.getPwd(),
    "--parallel",
    String(request.getParallel()),
    ...(request.getDryrun() ? ["--dry-run"] : []),
    info?.getEntryPoint() ?? request.getProgram(),
    ...request.getArgsList(),
  ];
}

/** The configuration, as the SDK reads it, and whether the SDK is to compile TypeScript by itself. */
export function programEnvironment(request: RunRequest): Record<string, string> {
  const config: Record<string, string> = {};
  request.getConfigMap().forEach((value, key) => {
    config[key] = value;
  });
  const typescript = option(request.getInfo(), "typescript") ?? true;
  return {
    PULUMI_CONFIG: JSON.stringify(config),
    PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(request.getConfigsecretkeysList()),
    PULUMI_NODEJS_TYPESCRIPT: typescript === false ? "false" : "true",
  };
}

/** `runtime.options.nodeargs` of Pulumi.yaml, split at blanks that are outside quotes. */
function nodeArguments(info: ProgramInfo | undefined): string[] {
  const text = option(info, "nodeargs");
  return typeof text === "string" ? splitArguments(text) : [];
}

export function splitArguments(text: string): string[] {
  const words = text.match(/(?:[^\s"']+|"[^"]*"|'[^']*')+/g) ?? [];
  return words.map((word) =>
    word.replace(/"([^"]*)"|'([^']*)'/g, (_, double?: string, single?: string) => double ?? single ?? ""),
  );
}

function option(info: ProgramInfo | undefined, name: string): unknown {
  const options: Record<string, unknown> = info?.getOptions()?.toJavaScript() ?? {};
  return options[name];
}
