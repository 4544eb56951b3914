/** What a program's dependencies say about themselves. */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { DependencyInfo } from "@pulumi/pulumi/proto/language_pb";
import { PackageDependency } from "@pulumi/pulumi/proto/plugin_pb";
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
      /** Where the plugin is downloaded from when not from the usual place. */
      server: z.string().optional(),
    })
    .optional(),
});

type Manifest = z.infer<typeof manifestSchema>;

/** The resource plugins of the program's direct dependencies: packages with `pulumi.resource` in their package.json. */
export function requiredPackages(folder: string): PackageDependency[] {
  return installed(folder).flatMap(({ manifest: { name, version, pulumi } }) => {
    const pluginVersion = pulumi?.version ?? version;
    if (pulumi?.resource !== true || name === undefined || pluginVersion === undefined) return [];
    return new PackageDependency()
      .setKind("resource")
      .setName(pulumi.name ?? name.replace(/^@pulumi\//, ""))
      .setVersion(`v${pluginVersion.replace(/^v/, "")}`)
      .setServer(pulumi.server ?? "");
  });
}

/** The program's direct dependencies with the versions that are installed. */
export function directDependencies(folder: string): DependencyInfo[] {
  return installed(folder).map(({ name, manifest }) =>
    new DependencyInfo().setName(name).setVersion(manifest.version ?? ""),
  );
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
