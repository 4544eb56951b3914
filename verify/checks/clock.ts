/** Whether a machine's clock is right: certificates and signatures of names are told by it. */
import { type Check, judge } from "./check";
import { type Evidence, look } from "./evidence";

/** Seconds. */
const mostAway = 60;

export function clockCheck<Seen extends Evidence & { readonly facts: { readonly clockAhead: number } }>(
  machine: (seen: Seen) => string,
): Check<Seen> {
  return {
    title: "its clock is right",
    judge: ({ facts: { clockAhead } }) =>
      judge(
        Math.abs(clockAhead) <= mostAway,
        `${Math.abs(clockAhead)} s ${clockAhead < 0 ? "behind" : "ahead of"} this machine's`,
      ),
    remedy: (seen) => `Set it: ${look(seen, machine(seen), "sudo date -u -s @$(date +%s)")}`,
  };
}
