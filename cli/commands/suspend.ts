/** `npm run suspend [-- --stack NAME]`: the lab's machines are put aside as they run, and their memory is free. */
import { suspendMachines } from "../../provider/qemu/suspend";
import { helpText, stackOption } from "../help";
import { onMachines } from "../suspension";

export const help = helpText({
  usage: ["npm run suspend -- [--stack NAME]"],
  about: "Puts the lab's machines aside as they run: no process is left, and their memory is free.",
  options: stackOption,
});

export function run(args: readonly string[]): Promise<number> {
  return onMachines(args, "suspended", "is running", suspendMachines);
}
