/** The section that says which internet lies behind the gateway. */
import { z } from "zod";

export const internet = z.strictObject({
  kind: z
    .enum(["real", "simulated", "both"])
    .default("real")
    .describe(
      "`real`: what the uplink leads to. `simulated`: servers, names and faults below `test.` on the gateway itself, and nothing else: no test depends on the world. `both`: the simulated one beside the real one.",
    ),
});
