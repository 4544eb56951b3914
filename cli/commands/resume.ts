/** `npm run resume [-- --stack NAME]`: the suspended machines of a lab go on. */
import { resumeMachines } from "../../provider/qemu/suspend";
import { helpText, stackOption } from "../help";
import { onMachines } from "../suspension";

export const help = helpText({
  usage: ["npm run resume -- [--stack NAME]"],
  about: "The suspended machines of a lab go on, in the middle of what they did; up does the same.",
  options: stackOption,
});

export function run(args: readonly string[]): Promise<number> {
  return onMachines(args, "resumed", "is suspended", resumeMachines);
}
