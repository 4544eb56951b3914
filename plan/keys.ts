/** The schema as JSON Schema, and its keys: for editors, for the documentation and for hints at unknown keys. */
import { z } from "zod";
import { configSchema } from "./schema";

export type JsonSchema = z.core.JSONSchema.BaseSchema;

/** JSON Schema (draft 7, which YAML editors read) of what stands below `ipv6-only-lab:`. */
export function configJsonSchema(): JsonSchema {
  return z.toJSONSchema(configSchema, { io: "input", target: "draft-7" });
}

export interface ConfigKey {
  /** `lan.prefix`; a key of a list's entries is `clients[].name`. */
  readonly path: string;
  readonly schema: JsonSchema;
}

/** Every key, a section before the keys in it, in the order of the schema. */
export function configKeys(schema: JsonSchema = configJsonSchema(), above = ""): readonly ConfigKey[] {
  return childKeys(schema).flatMap(([name, child]) => {
    const path = above === "" ? name : `${above}.${name}`;
    return [{ path, schema: child }, ...configKeys(child, path), ...entryKeys(child, path)];
  });
}

function entryKeys(schema: JsonSchema, path: string): readonly ConfigKey[] {
  return alternatives(schema).flatMap(({ items }) => (isSchema(items) ? configKeys(items, `${path}[]`) : []));
}

/** The names that may stand at a path of a configuration, e.g. `["clients", 0]`. */
export function namesAt(path: readonly PropertyKey[]): readonly string[] {
  const place = path.reduce<readonly JsonSchema[]>(
    (schemas, part) => schemas.flatMap((schema) => step(schema, part)),
    [configJsonSchema()],
  );
  return place.flatMap((schema) => childKeys(schema).map(([name]) => name));
}

function step(schema: JsonSchema, part: PropertyKey): readonly JsonSchema[] {
  return alternatives(schema).flatMap(({ properties, items }) => {
    const next = typeof part === "number" ? items : properties?.[String(part)];
    return isSchema(next) ? [next] : [];
  });
}

function childKeys(schema: JsonSchema): readonly (readonly [string, JsonSchema])[] {
  return alternatives(schema).flatMap(({ properties = {} }) =>
    Object.entries(properties).flatMap(([name, child]) => (isSchema(child) ? [[name, child] as const] : [])),
  );
}

/** The schema and, at any depth, the arms of unions in it. */
function alternatives(schema: JsonSchema): readonly JsonSchema[] {
  const arms = [...(schema.anyOf ?? []), ...(schema.oneOf ?? [])].filter(isSchema);
  return [schema, ...arms.flatMap(alternatives)];
}

export function isSchema(schema: unknown): schema is JsonSchema {
  return typeof schema === "object" && schema !== null && !Array.isArray(schema);
}
