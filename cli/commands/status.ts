/** `npm run status`: topology, addresses, services, whether they run, and faults that are on. */
import { parseArgs } from "node:util";
import { topologySvg } from "../../report/topology-svg";
import { interruptible } from "../../host/interruption";
import { UserError } from "../../host/messages";
import { endUnused } from "../../ssh";
import { topologyMermaid } from "../../verify/mermaid";
import { formatStatus, labStatus } from "../../verify/status";
import { labTopology } from "../../verify/topology";
import { requireAwake } from "../awake";
import { helpText, stackOption } from "../help";
import { readAccess } from "../recorded-access";
import { repaint } from "../repaint";
import { stackArguments } from "../stack-arguments";
import { withWhereabouts } from "../whereabouts";

export const help = helpText({
  usage: ["npm run status -- [--stack NAME] [--json | --svg | --mermaid] [--watch]"],
  about:
    "Machines, addresses and services, whether they answer and run, which client is on which network, and faults that are on.",
  options: {
    ...stackOption,
    "--json": "the same as JSON",
    "--svg": "a drawing of the topology, with every client where it is",
    "--mermaid": "the same drawing for Mermaid",
    "--watch": "looks again and again",
  },
  exitCodes:
    "0 every machine answers and every service runs, 1 not; drawings ask no machine, and --watch ends with Ctrl-C: 0. Whether they do what they should is for verify.",
});

const flag = { type: "boolean", default: false } as const;

export const options = { json: flag, svg: flag, mermaid: flag, watch: flag };

export async function run(args: readonly string[]): Promise<number> {
  const { stack, rest } = stackArguments(args);
  const { values } = parseArgs({ args: [...rest], options });
  const forms = (["json", "svg", "mermaid"] as const).filter((form) => values[form]);
  if (forms.length > 1) throw new UserError(`${forms.map((form) => `--${form}`).join(" and ")}: it is one of them.`);
  const access = await readAccess(stack);
  const look = async (signal: AbortSignal) => {
    requireAwake(stack);
    const now = await withWhereabouts(access);
    if (values.svg) return { text: String(topologySvg(labTopology(now))), healthy: true };
    if (values.mermaid) return { text: topologyMermaid(now), healthy: true };
    const status = await labStatus(now, { wait: 0, signal, share: values.watch });
    return { text: values.json ? JSON.stringify(status, null, 2) : formatStatus(status), healthy: status.healthy };
  };
  if (values.watch) {
    try {
      await interruptible((signal) => repaint(async () => (await look(signal)).text, signal));
    } finally {
      endUnused();
    }
    return 0;
  }
  const { text, healthy } = await interruptible(look);
  console.log(text);
  return healthy ? 0 : 1;
}
