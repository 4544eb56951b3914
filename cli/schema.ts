/**
 * `npm run schema [-- --check]`: writes what is made from plan/schema/: the JSON Schema that editors check Pulumi.<stack>.yaml
 * with, the table of all keys in docs/configuration.md, and the table of sections in README.md.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as prettier from "prettier";
import { configJsonSchema, configKeys, isSchema, type ConfigKey, type JsonSchema } from "../plan/keys";

const root = join(__dirname, "..");
const namespace = "ipv6-only-lab";

/** Path below the project's root → content, for every generated file. */
async function generatedFiles(): Promise<ReadonlyMap<string, string>> {
  const files = {
    "docs/config.schema.json": JSON.stringify(stackFileSchema()),
    "docs/configuration.md": configurationPage(),
    "README.md": withTable(readFileSync(join(root, "README.md"), "utf8"), sectionTable()),
  };
  const options = await prettier.resolveConfig(join(root, "package.json"));
  const formatted = Object.entries(files).map(async ([path, content]) => {
    return [path, await prettier.format(content, { ...options, filepath: join(root, path) })] as const;
  });
  return new Map(await Promise.all(formatted));
}

/** JSON Schema of a whole Pulumi.<stack>.yaml. Keys of other namespaces (`pulumi:tags`) are nobody's business here. */
function stackFileSchema(): JsonSchema {
  const { properties = {} } = configJsonSchema();
  const names = Object.keys(properties);
  return {
    $schema: "http://json-schema.org/draft-07/schema#",
    title: "Pulumi.<stack>.yaml of ipv6-only-lab",
    type: "object",
    properties: {
      config: {
        type: "object",
        properties: Object.fromEntries(
          Object.entries(properties).map(([name, schema]) => [`${namespace}:${name}`, schema]),
        ),
        patternProperties: { "^[^:]*$": false, [`^${namespace}:(?!(${names.join("|")})$)`]: false },
      },
    },
  };
}

function configurationPage(): string {
  const sections = topLevel().map(
    ({ path, schema }) =>
      `## \`${namespace}:${path}\`\n\n${schema.description ?? ""}${defaultSentence(schema)}\n\n${keyTable(path)}`,
  );
  return [
    "# Configuration",
    "<!-- Written by `npm run schema` from plan/schema/. -->",
    `Keys stand under \`config:\` in \`Pulumi.<stack>.yaml\`, each with \`${namespace}:\` in front. Put addresses and
prefixes in quotes, and numbers not: to YAML \`010\` is eight, and a colon at the end of an address starts a map. Every
key has a default. All problems of a configuration are told at once, before anything is created.`,
    ...sections,
  ].join("\n\n");
}

function topLevel(): readonly ConfigKey[] {
  return configKeys().filter(({ path }) => !path.includes("."));
}

/** The keys of one section that hold a value themselves. */
function keyTable(section: string): string {
  const rows = configKeys()
    .filter(({ path }) => path.startsWith(`${section}.`) || path.startsWith(`${section}[]`))
    .filter(({ schema }) => schema.properties === undefined)
    .map(({ path, schema }) => [
      `\`${path.slice(section.length).replace(/^\./, "")}\``,
      kind(schema),
      schema.default === undefined ? "" : code(schema.default),
      schema.description ?? "",
    ]);
  return rows.length === 0 ? "" : table(["Key", "Value", "Default", "Meaning"], rows);
}

function sectionTable(): string {
  const rows = topLevel().map(({ path, schema }) => {
    const keys = Object.keys(schema.properties ?? {}).map((key) => `\`${key}\``);
    return [`\`${path}\``, schema.description ?? "", keys.length > 0 ? keys.join(", ") : kind(schema)];
  });
  return `${table(["Section", "What it decides", "Keys"], rows)}

Every key with its values, default and meaning: [docs/configuration.md](docs/configuration.md).`;
}

function withTable(page: string, content: string): string {
  const markers = /(<!-- config:begin -->)[\s\S]*(<!-- config:end -->)/;
  if (!markers.test(page))
    throw new Error("README.md has no <!-- config:begin --> … <!-- config:end --> for the table");
  return page.replace(markers, (_, begin: string, end: string) => `${begin}\n\n${content}\n\n${end}`);
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

/** The values that a key takes, in words. */
function kind(schema: JsonSchema): string {
  const arms = schema.anyOf ?? schema.oneOf;
  if (arms !== undefined) return [...new Set(arms.map((each) => kind(asSchema(each))))].join(" or ");
  if (schema.const !== undefined) return code(schema.const);
  if (schema.enum !== undefined) return schema.enum.map(code).join(", ");
  switch (schema.type) {
    case "array":
      return `list of ${kind(asSchema(schema.items))}`;
    case "integer":
      return schema.minimum === undefined ? "number" : `${schema.minimum} to ${schema.maximum ?? "…"}`;
    case "object":
      return "map";
    case "string":
      return "text";
    case "boolean":
      return "true, false";
    default:
      return "";
  }
}

function asSchema(schema: unknown): JsonSchema {
  return isSchema(schema) ? schema : {};
}

function defaultSentence(schema: JsonSchema): string {
  return schema.default === undefined || schema.properties !== undefined ? "" : ` Default: ${code(schema.default)}.`;
}

function code(value: unknown): string {
  return `\`${typeof value === "string" ? value : JSON.stringify(value)}\``;
}

/** With `--check` nothing is written: the exit code tells whether a file is out of step. */
async function main(): Promise<void> {
  const check = process.argv.includes("--check");
  for (const [path, content] of await generatedFiles()) {
    const file = join(root, path);
    if (existsSync(file) && readFileSync(file, "utf8") === content) continue;
    if (!check) writeFileSync(file, content);
    process.stdout.write(check ? `${path} is out of step with plan/schema/: run npm run schema\n` : `wrote ${path}\n`);
    if (check) process.exitCode = 1;
  }
}

if (require.main === module) void main();
