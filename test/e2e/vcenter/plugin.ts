/** The vSphere plugin for the engine: the official one where it can be had, else the bridge in the folder `plugin`. */
import { existsSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { findOnPath } from "../../../host/processes";
import { ensureToolchain } from "../../../toolchain";
import { goProgram } from "./go";

const name = "pulumi-resource-vsphere";

/** What the engine's environment needs to find the plugin. */
export async function pluginEnvironment(): Promise<NodeJS.ProcessEnv> {
  const { kind, pulumiHome } = await ensureToolchain();
  const installed = pulumiHome !== undefined && existsSync(join(pulumiHome, "plugins", "resource-vsphere-v4.17.0"));
  // With Pulumi's own tool chain the engine downloads the plugin as it does for users.
  if (kind !== "modules" || installed || findOnPath(name) !== undefined) return {};
  const program = await goProgram({
    folder: join(__dirname, "plugin"),
    name,
    // Two of its modules register the same protobuf file.
    linkerFlags: "-s -w -X google.golang.org/protobuf/reflect/protoregistry.conflictPolicy=ignore",
  });
  // The engine looks on PATH before it looks among installed plugins: nothing is put where a user's lab would find it.
  return { PATH: [dirname(program), process.env.PATH ?? ""].join(delimiter) };
}
