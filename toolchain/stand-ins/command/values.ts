/** Property values as they travel between engine and plugin: plain JSON with marked objects among it. */
import { isDeepStrictEqual } from "node:util";
import type { JavaScriptValue } from "google-protobuf/google/protobuf/struct_pb";

/** The key that marks an object as something else than a map, and the marks (Pulumi's `sdk/go/common/resource/sig`). */
const signatureKey = "4dabf18193072939515e22adb298388d";
const secretSignature = "1b47061264138c4ac30d75fd1eb44270";
export const assetSignature = "c44067f5952c0a294b673a41bacd8c17";
export const archiveSignature = "0def7320c3a5731c473e5ecbe6d01bc7";
const outputSignature = "d0e6a833031e9bbcd3f4e8bde6ca49a4";

/** Texts that stand for values that a preview does not know yet, one for each kind of value. */
const unknownValues: ReadonlySet<unknown> = new Set([
  "04da6b54-80e4-46f7-96ec-b56ff0331ba9",
  "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
  "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
  "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
  "030794c1-ac77-496b-92df-f27374a8bd58",
  "e48ece36-62e2-4504-bad9-02848725956a",
  "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
]);

export type Properties = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is Properties {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The mark of an object that is not a plain map. */
export function signatureOf(value: unknown): unknown {
  return isObject(value) ? value[signatureKey] : undefined;
}

export function secret(value: unknown): Properties {
  return { [signatureKey]: secretSignature, value };
}

/** A file, as an output. */
export function fileAsset(path: string, hash: string): Properties {
  return { [signatureKey]: assetSignature, path, hash };
}

/** Files by their names in the archive, as an output. */
export function assetArchive(assets: Properties, hash: string): Properties {
  return { [signatureKey]: archiveSignature, assets, hash };
}

/** The value without the wrappings of secrets and outputs, at any depth. */
export function unwrap(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(unwrap);
  if (!isObject(value)) return value;
  const signature = signatureOf(value);
  if (signature === secretSignature || signature === outputSignature) return unwrap(value.value);
  return unwrapProperties(value);
}

export function unwrapProperties(properties: Properties): Record<string, unknown> {
  return Object.fromEntries(Object.entries(properties).map(([key, value]) => [key, unwrap(value)]));
}

/** Whether there is a secret in the value, at any depth. */
export function hasSecret(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(hasSecret);
  if (!isObject(value)) return false;
  if (signatureOf(value) === secretSignature) return true;
  if (signatureOf(value) === outputSignature && value.secret === true) return true;
  return Object.values(value).some(hasSecret);
}

/** Whether something in the value is not known yet. */
export function hasUnknown(value: unknown): boolean {
  if (unknownValues.has(value)) return true;
  if (Array.isArray(value)) return value.some(hasUnknown);
  if (!isObject(value)) return false;
  if (signatureOf(value) === outputSignature && !("value" in value)) return true;
  return Object.values(value).some(hasUnknown);
}

/** The inputs that differ, sorted; whether something is secret makes no difference. */
export function changedKeys(olds: Properties, news: Properties): string[] {
  const keys = [...new Set([...Object.keys(olds), ...Object.keys(news)])].sort();
  return keys.filter((key) => !isDeepStrictEqual(unwrap(olds[key]), unwrap(news[key])));
}

/** The properties as a protobuf struct takes them; undefined has no place there. */
export function toPlain(properties: Properties): Record<string, JavaScriptValue> {
  const entries = Object.entries(properties).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries.map(([key, value]) => [key, toPlainValue(value)]));
}

function toPlainValue(value: unknown): JavaScriptValue {
  if (Array.isArray(value)) return value.map(toPlainValue);
  if (isObject(value)) return toPlain(value);
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") return value;
  return null;
}
