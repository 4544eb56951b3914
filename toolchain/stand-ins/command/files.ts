/** The files that a local command leaves behind, chosen by glob patterns. */
import { createHash } from "node:crypto";
import { readFileSync, readdirSync } from "node:fs";
import { join, relative } from "node:path";
import { type Properties, fileAsset } from "./values";

/**
 * Files under a folder that the patterns choose, as assets by relative path. Patterns are applied in order; one that
 * begins with `!` takes files out again.
 */
export function collectFiles(folder: string, patterns: readonly string[]): { files: Properties; digest: string } {
  const rules = patterns.map((pattern) => ({
    exclude: pattern.startsWith("!"),
    expression: globExpression(pattern.replace(/^!/, "")),
  }));
  const files: Record<string, Properties> = {};
  const all = createHash("sha256");
  for (const name of filesUnder(folder)) {
    let chosen = false;
    for (const rule of rules) if (rule.expression.test(name)) chosen = !rule.exclude;
    if (!chosen) continue;
    const path = join(folder, name);
    const hash = createHash("sha256").update(readFileSync(path)).digest("hex");
    files[name] = fileAsset(path, hash);
    all.update(`${name}\0${hash}\0`);
  }
  return { files, digest: all.digest("hex") };
}

/** `*` and `?` stay within one name, `**` crosses folders, `[a-z]` and `{a,b}` choose. */
export function globExpression(pattern: string): RegExp {
  let source = "";
  let depth = 0;
  for (let index = 0; index < pattern.length; index += 1) {
    const character = pattern.charAt(index);
    if (character === "*") {
      const double = pattern.charAt(index + 1) === "*";
      source += double ? ".*" : "[^/]*";
      if (double) index += 1;
    } else if (character === "?") source += "[^/]";
    else if (character === "{") {
      source += "(?:";
      depth += 1;
    } else if (character === "}" && depth > 0) {
      source += ")";
      depth -= 1;
    } else if (character === "," && depth > 0) source += "|";
    else if (character === "[") {
      const end = pattern.indexOf("]", index + 1);
      source += end === -1 ? "\\[" : pattern.slice(index, end + 1).replace(/^\[!/, "[^");
      if (end !== -1) index = end;
    } else source += character.replace(/[.+^$()|\\\]}]/, "\\$&");
  }
  return new RegExp(`^${source}$`);
}

function filesUnder(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .sort();
}
