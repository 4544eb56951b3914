import { stringify } from "yaml";

/**
 * YAML 1.1, which is what cloud-init and netplan read: with 1.2, `2001:10:20:30:40:50:10:20` would stay unquoted and
 * become a number in base 60, and `off` a boolean. Keys are sorted and lines are never folded, so that the same value
 * gives the same bytes.
 */
export function dumpYaml(value: object): string {
  return stringify(value, { version: "1.1", lineWidth: 0, sortMapEntries: true });
}
