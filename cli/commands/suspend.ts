/** `npm run suspend [-- --stack NAME]`: the lab's machines are put aside as they run, and their memory is free. */
import { suspendMachines } from "../../provider/qemu/suspend";
import { onMachines } from "../suspension";

export function run(args: readonly string[]): Promise<number> {
  return onMachines(args, "suspended", "is running", suspendMachines);
}
