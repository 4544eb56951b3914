/** Set-up: everything that must be there before Pulumi runs. Silent and quick when it is. */
import type { OperationContext } from "../plugin/handler";
import { imageHandler } from "../provider/image";
import { imageFilesSchema } from "../provider/machine-inputs";
import { type MachineKind, makeTemplate } from "../provider/machine-start";
import { interruptible } from "../host/interruption";
import { UserError, messageOf, progress, progressDone, say } from "../host/messages";
import { sideBySide } from "../host/side-by-side";
import { ensureToolchain, readyToolchain } from "../toolchain";
import { compareVersions } from "../toolchain/pins";
import { type Deployment, prepareDeployment } from "./backend";
import { type NeededMachines, neededMachines, neededParts, partsWithoutMachines } from "./stack-needs";
import { allParts, ensureSystemPackages } from "./system-packages";

/** As `engines` in package.json says. */
const oldestNode = "20.18.1";

/**
 * Gets system packages, tool chain and backend ready.
 * @param stack decides which packages are needed; without one all are.
 * @param machines whether the command makes any: with `some`, what they come from is made beside the tool chain where that has to
 *   be made first; with `none`, what images are made with need not be there, and a lab can be taken away without it.
 * @throws UserError with what the user must do.
 */
export async function setUp(stack?: string, machines: "some" | "perhaps" | "none" = "none"): Promise<Deployment> {
  if (compareVersions(process.versions.node, oldestNode) < 0) {
    throw new UserError(`Node ${process.versions.node} is too old: install Node ${oldestNode} or newer.`);
  }
  const partsOf = machines === "none" ? partsWithoutMachines : neededParts;
  await ensureSystemPackages(stack === undefined ? allParts : partsOf(stack));
  const ready = await readyToolchain();
  if (ready !== undefined) return prepareDeployment(ready);
  const needed = stack === undefined || machines !== "some" ? undefined : neededMachines(stack);
  // Each takes minutes, for long stretches of one processor only.
  const [toolchain] = await interruptible((signal) =>
    sideBySide(signal, ensureToolchain, async (either) => {
      if (needed !== undefined) await makeImage(needed, either);
    }),
  );
  return prepareDeployment(toolchain);
}

/** Makes image and templates, or finds them, as the provider does: its `up` finds them then. */
async function makeImage({ image: source, accelerator, sizes }: NeededMachines, signal: AbortSignal): Promise<void> {
  const started = Date.now();
  say("Guest image: making it beside the tool chain …");
  const show = (line: string): void => {
    progress(line, "image");
  };
  const context = { signal, progress: show, info: say, warn: say };
  try {
    const { outputs } = await imageHandler.create({ source }, context);
    say(`Guest image: ready after ${Math.round((Date.now() - started) / 1000)} s.`);
    const image = imageFilesSchema.parse(outputs);
    for (const size of sizes) await prepareTemplate({ image, accelerator, ...size }, context);
  } catch (error) {
    signal.throwIfAborted();
    throw new UserError(`Guest image: ${messageOf(error)}`);
  } finally {
    progressDone("image");
  }
}

/** What goes wrong here goes wrong for the machine that needs it too, which says so and boots. */
async function prepareTemplate(machine: MachineKind, context: OperationContext): Promise<void> {
  const started = Date.now();
  try {
    const made = await makeTemplate(machine, context);
    if (made !== undefined) say(`Template: ready after ${Math.round((Date.now() - started) / 1000)} s.`);
  } catch {
    context.signal.throwIfAborted();
  }
}
