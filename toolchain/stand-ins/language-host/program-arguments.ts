/** How the SDK's `cmd/run` is called: a pure function of the engine's request. */
import type { ProgramInfo, RunRequest } from "@pulumi/pulumi/proto/language_pb";

/** Arguments for Node: its own options, the SDK's runner with its flags, the program and the program's arguments. */
export function programCommand(request: RunRequest, engineAddress: string, runner: string): string[] {
  const info = request.getInfo();
  const nodeArguments = option(info, "nodeargs");
  const flags = {
    "--monitor": request.getMonitorAddress(),
    "--engine": engineAddress,
    "--organization": request.getOrganization(),
    "--project": request.getProject(),
    "--stack": request.getStack(),
    "--pwd": request.getPwd(),
    "--root-directory": info?.getRootDirectory() ?? request.getPwd(),
    "--parallel": String(request.getParallel()),
  };
  return [
    ...(typeof nodeArguments === "string" ? splitArguments(nodeArguments) : []),
    runner,
    ...Object.entries(flags).flat(),
    ...(request.getDryrun() ? ["--dry-run"] : []),
    info?.getEntryPoint() ?? request.getProgram(),
    ...request.getArgsList(),
  ];
}

/** The configuration, as the SDK reads it, and whether the SDK is to compile TypeScript by itself. */
export function programEnvironment(request: RunRequest): Record<string, string> {
  return {
    PULUMI_CONFIG: JSON.stringify(Object.fromEntries(request.getConfigMap().getEntryList())),
    PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(request.getConfigsecretkeysList()),
    PULUMI_NODEJS_TYPESCRIPT: option(request.getInfo(), "typescript") === false ? "false" : "true",
  };
}

/** `runtime.options.nodeargs` of Pulumi.yaml, split at blanks that are outside quotes. */
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
