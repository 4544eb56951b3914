/** Set-up: everything that must be there before Pulumi runs. Silent and quick when it is. */
import type { DiskImagePlan } from "../plan/model";
import { imageHandler } from "../provider/image";
import { interruptible } from "../host/interruption";
import { UserError, messageOf, progress, progressDone, say } from "../host/messages";
import { sideBySide } from "../host/side-by-side";
import { ensureToolchain, readyToolchain } from "../toolchain";
import { compareVersions } from "../toolchain/pins";
import { type Deployment, prepareDeployment } from "./backend";
import { neededImage, neededParts } from "./stack-needs";
import { allParts, ensureSystemPackages } from "./system-packages";

/** As `engines` in package.json says. */
const oldestNode = "20.18.1";

/**
 * Gets system packages, tool chain and backend ready.
 * @param stack decides which packages are needed; without one all are.
 * @param wants `image`: where the tool chain has to be made first, the stack's image is made beside it.
 * @throws UserError with what the user must do.
 */
export async function setUp(stack?: string, wants: { readonly image?: boolean } = {}): Promise<Deployment> {
  if (compareVersions(process.versions.node, oldestNode) < 0) {
    throw new UserError(`Node ${process.versions.node} is too old: install Node ${oldestNode} or newer.`);
  }
  await ensureSystemPackages(stack === undefined ? allParts : neededParts(stack));
  const ready = await readyToolchain();
  if (ready !== undefined) return prepareDeployment(ready);
  const image = stack === undefined || wants.image !== true ? undefined : neededImage(stack);
  // Each takes minutes, for long stretches of one processor only.
  const [toolchain] = await interruptible((signal) =>
    sideBySide(signal, ensureToolchain, async (either) => {
      if (image !== undefined) await makeImage(image, either);
    }),
  );
  return prepareDeployment(toolchain);
}

/** Makes the image, or finds it, as the provider does: its `up` finds it then. */
async function makeImage(source: DiskImagePlan, signal: AbortSignal): Promise<void> {
  const started = Date.now();
  say("Guest image: making it beside the tool chain …");
  try {
    const show = (line: string): void => {
      progress(line, "image");
    };
    await imageHandler.create({ source }, { signal, progress: show, info: say, warn: say });
  } catch (error) {
    signal.throwIfAborted();
    throw new UserError(`Guest image: ${messageOf(error)}`);
  } finally {
    progressDone("image");
  }
  say(`Guest image: ready after ${Math.round((Date.now() - started) / 1000)} s.`);
}
