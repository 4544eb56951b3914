/** What the commands say of a suspended lab. */
import { UserError } from "../host/messages";
import { stackFolder } from "../host/paths";
import { stackMachines, suspensionOf } from "../provider/qemu/suspend";

/** What is to be said of a suspended lab; undefined: it is awake. */
export function suspensionWords(stack: string): string | undefined {
  const [since] = stackMachines(stackFolder(stack)).flatMap((paths) => suspensionOf(paths)?.since ?? []);
  if (since === undefined) return undefined;
  return `Stack ${stack} has been suspended since ${since}. npm run resume -- --stack ${stack} brings it back.`;
}

/** @throws UserError for a lab that cannot answer because it is suspended. */
export function requireAwake(stack: string): void {
  const words = suspensionWords(stack);
  if (words !== undefined) throw new UserError(words);
}
