/** Who moves a client between networks does so alone: two at once would each tell of a network that the client is not on. */
import { join } from "node:path";
import { withLock } from "../host/lock";
import { stackFolder } from "../host/paths";
import type { ClientAccess, LabAccess } from "../verify/access";
import type { MoveContext } from "./cards";
import { withWhereabouts } from "./whereabouts";

/**
 * Waits for another command that moves the same client.
 * @param work is given the lab and the client as they are then: it may have been found where that command had taken it.
 */
export function movingAlone<T>(
  access: LabAccess,
  client: ClientAccess,
  { signal, progress }: MoveContext,
  work: (now: LabAccess, here: ClientAccess) => Promise<T>,
): Promise<T> {
  const { name } = client;
  const onWait = (pid: number): void => {
    progress(`${name}: waiting for the process ${pid}, which moves it between networks`);
  };
  const atLast = async (): Promise<T> => {
    const now = await withWhereabouts(access);
    return work(now, now.clients.find((each) => each.name === name) ?? client);
  };
  return withLock(join(stackFolder(access.promised.stack), `${name}.visit`), onWait, atLast, signal);
}
