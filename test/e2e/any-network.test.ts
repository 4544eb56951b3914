import { becomesAnyNetwork } from "./any-network";
import { Stack } from "./harness";
import { story } from "./story";

/** How many, and which: `IPV6LAB_NETWORKS=30 IPV6LAB_SEED=1 npx jest test/e2e/any-network.test.ts`. */
const { IPV6LAB_NETWORKS: steps, IPV6LAB_SEED: seed = "1" } = process.env;

(steps === undefined ? describe.skip : describe)(
  `a long sequence of networks${steps === undefined ? " (skipped: IPV6LAB_NETWORKS does not say how many)" : ""}`,
  () => {
    const lab = new Stack("e2e-networks");
    const step = story(lab);
    step("the lab comes up", async () => {
      await lab.succeed("up");
    });
    step("each network is taken in place", () => becomesAnyNetwork(lab, Number(steps), Number(seed)));
    step("the lab goes", async () => {
      await lab.succeed("destroy");
    });
  },
);
