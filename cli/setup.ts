/** Set-up: everything that must be there before Pulumi runs. Silent and quick when it is. */
import { type Deployment, prepareDeployment } from "./backend";
import { UserError } from "../host/messages";
import { ensureSystemPackages } from "./system-packages";
import { ensureToolchain } from "../toolchain";
import { compareVersions } from "../toolchain/pins";

/** As `engines` in package.json says. */
const oldestNode = "20.18.1";

/**
 * Gets system packages, tool chain and backend ready.
 * @throws UserError with what the user must do.
 */
export async function setUp(): Promise<Deployment> {
  if (compareVersions(process.versions.node, oldestNode) < 0) {
    throw new UserError(`Node ${process.versions.node} is too old: install Node ${oldestNode} or newer.`);
  }
  await ensureSystemPackages("lab");
  return prepareDeployment(await ensureToolchain());
}
