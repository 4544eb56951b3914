/** What the commands say of a suspended lab. */
import { UserError } from "../host/messages";
import { stackFolder } from "../host/paths";
import { stackMachines, suspensionOf } from "../provider/qemu/suspend";

/** When a lab was suspended; undefined: it is awake. */
export function suspendedSince(stack: string): string | undefined {
  return stackMachines(stackFolder(stack)).flatMap((paths) => suspensionOf(paths)?.since ?? [])[0];
}

/** @throws UserError for a lab that cannot answer because it is suspended. */
export function requireAwake(stack: string): void {
  const since = suspendedSince(stack);
  if (since === undefined) return;
  throw new UserError(
    `Stack ${stack} has been suspended since ${since}. npm run resume -- --stack ${stack} brings it back.`,
  );
}
