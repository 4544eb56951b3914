/** What a program's dependencies say about themselves. */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { z } from "zod";

const manifestSchema = z.object({
  name: z.string().optional(),
  version: z.string().optional(),
  dependencies: z.record(z.string(), z.string()).optional(),
  pulumi: z
    .object({
      resource: z.boolean().optional(),
      name: z.string().optional(),
      version: z.string().optional(),
      server: z.string().optional(),
    })
    .optional(),
});

type Manifest = z.infer<typeof manifestSchema>;

export interface RequiredPlugin {
  readonly name: string;
  /** With a leading `v`. */
  readonly version: string;
  /** Where the plugin is downloaded from when not from the usual place; empty for the usual place. */
  readonly server: string;
}

export interface Dependency {
  readonly name: string;
  readonly version: string;
}

/** The resource plugins of the program's direct dependencies: packages with `pulumi.resource` in their package.json. */
export function requiredPlugins(folder: string): RequiredPlugin[] {
  return installed(folder).flatMap(({ manifest: { name, version, pulumi } }) => {
    const pluginVersion = pulumi?.version ?? version;
    if (pulumi?.resource !== true || name === undefined || pluginVersion === undefined) return [];
    return [
      {
        name: pulumi.name ?? name.replace(/^@pulumi\//, ""),
        version: `v${pluginVersion.replace(/^v/, "")}`,
        server: pulumi.server ?? "",
      },
    ];
  });
}

/** The program's direct dependencies with the versions that are installed. */
export function directDependencies(folder: string): Dependency[] {
  return installed(folder).map(({ name, manifest }) => ({ name, version: manifest.version ?? "" }));
}

function installed(folder: string): { name: string; manifest: Manifest }[] {
  const root = findUpwards(folder);
  if (root === undefined) return [];
  return Object.keys(root.manifest.dependencies ?? {}).flatMap((name) => {
    const manifest = readManifest(join(root.folder, "node_modules", name, "package.json"));
    return manifest === undefined ? [] : [{ name, manifest }];
  });
}

/** The nearest package.json at or above the program. */
function findUpwards(folder: string): { folder: string; manifest: Manifest } | undefined {
  const manifest = readManifest(join(folder, "package.json"));
  if (manifest !== undefined) return { folder, manifest };
  const parent = dirname(folder);
  return parent === folder ? undefined : findUpwards(parent);
}

function readManifest(path: string): Manifest | undefined {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
  return manifestSchema.parse(JSON.parse(text));
}
