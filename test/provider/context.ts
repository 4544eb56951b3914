import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { OperationContext } from "../../plugin/handler";

export interface RecordedContext extends OperationContext {
  readonly lines: string[];
  readonly abort: () => void;
}

/** A context that keeps what would be shown on the terminal. */
export function recordedContext(): RecordedContext {
  const controller = new AbortController();
  const lines: string[] = [];
  const keep = (line: string): void => {
    lines.push(line);
  };
  return {
    signal: controller.signal,
    progress: keep,
    info: keep,
    warn: keep,
    lines,
    abort: () => {
      controller.abort(new Error("cancelled by the test"));
    },
  };
}

/** A folder for one test file, removed by the returned function. */
export function temporaryFolder(): { path: string; remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), "ipv6lab-test-"));
  return {
    path,
    remove: () => {
      rmSync(path, { recursive: true, force: true });
    },
  };
}
