/**
 * What Pulumi takes from a stack file without a word although it is not what was meant. A key that stands twice is not
 * among it: Pulumi refuses it and names the line.
 */
import { isMap, parseDocument } from "yaml";
import { nearest } from "../plan/nearest";
import { showValue, type ConfigProblem } from "../plan/problem";

/** Problems of the keys under `config:`. Empty for a text that is not YAML: Pulumi's own message is the better one. */
export function silentProblems(text: string, project: string): readonly ConfigProblem[] {
  const document = parseDocument(text, { uniqueKeys: false });
  const config: unknown = document.errors.length > 0 ? undefined : document.get("config");
  if (!isMap(config)) return [];
  const keys = config.items.map(({ key }) => String(key));
  return config.items.flatMap((item) => {
    const key = String(item.key);
    const value = showValue(item.value ?? undefined);
    const [namespace = "", name] = key.split(/:(?:config:)?/);
    const full = `${project}:${name ?? key}`;
    if (name === undefined) {
      // `lan` is short for `<project>:lan`; of the two Pulumi takes either.
      const why = `is the same key as ${full}, which stands here too.`;
      return keys.includes(full) ? [{ key, value, why, remedy: "Remove one of the two" }] : [];
    }
    if (namespace === project || nearest(namespace, [project]) === undefined) return [];
    return [{ key, value, why: "belongs to nobody: it would be ignored.", remedy: `Write ${full}` }];
  });
}
