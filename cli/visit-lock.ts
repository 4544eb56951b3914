/** Who moves a client between networks does so alone: two at once would each tell of a network that the client is not on. */
import { join } from "node:path";
import { withLock } from "../host/lock";
import { stackFolder } from "../host/paths";
import type { ClientAccess, LabAccess } from "../verify/access";
import type { MoveContext } from "./cards";

/** Waits for another command that moves the same client. */
export function movingAlone<T>(
  { promised: { stack } }: LabAccess,
  { name }: ClientAccess,
  { signal, progress }: MoveContext,
  work: () => Promise<T>,
): Promise<T> {
  const onWait = (pid: number): void => {
    progress(`${name}: waiting for the process ${pid}, which moves it between networks`);
  };
  return withLock(join(stackFolder(stack), `${name}.visit`), onWait, work, signal);
}
