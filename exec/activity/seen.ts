/** Where a call was seen, whose it was, and in which network. */
import type { Call } from "../trace/calls";
import type { Processes } from "../trace/processes";
import type { Seen } from "./facts";

export function seenBy(processes: Processes, { at, pid, line }: Call): Seen {
  return { at, process: processes.of(pid), line, namespace: processes.namespaceAt(pid, line) };
}
