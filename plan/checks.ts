import type { Warning } from "./model";
import type { LabConfig } from "./schema";
export function warnings(_config: LabConfig): readonly Warning[] {
  return [];
}
