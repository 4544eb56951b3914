/** `npm run resume [-- --stack NAME]`: the suspended machines of a lab go on. */
import { resumeMachines } from "../../provider/qemu/suspend";
import { onMachines } from "../suspension";

export function run(args: readonly string[]): Promise<number> {
  return onMachines(args, "resumed", "is suspended", resumeMachines);
}
