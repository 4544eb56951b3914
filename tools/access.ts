/** How the commands that look into a lab get in: by the stack's own outputs. */
import { z } from "zod";
import { type LabAccess, labAccessSchema } from "../verify/access";
import { defaultStack } from "./arguments";
import type { Deployment } from "./backend";
import { UserError } from "./messages";
import { projectRoot } from "./paths";
import { run } from "./processes";
import { stackExists } from "./pulumi";
import { setUp } from "./setup";

const outputsSchema = z.record(z.string(), z.unknown());

/** @throws UserError when the stack does not exist, or no `up` has come far enough to say how to reach its machines. */
export async function readAccess(stack: string): Promise<LabAccess> {
  const deployment = await setUp();
  if (!(await stackExists(deployment, stack))) {
    throw new UserError(`There is no lab "${stack}". npm run up${forStack(stack)} creates it.`);
  }
  const outputs = await stackOutputs(deployment, stack);
  if (outputs.access === undefined) {
    throw new UserError(
      `The lab "${stack}" is not complete: the last up did not end well. npm run up${forStack(stack)} goes on.`,
    );
  }
  return labAccessSchema.parse(outputs.access);
}

async function stackOutputs(deployment: Deployment, stack: string): Promise<Record<string, unknown>> {
  const args = ["stack", "output", "--json", "--show-secrets", "--non-interactive", "--stack", stack];
  const { code, stdout, stderr } = await run(deployment.toolchain.pulumi, args, {
    cwd: projectRoot,
    env: deployment.env,
  });
  if (code !== 0) {
    throw new UserError(`The outputs of stack ${stack} cannot be read: ${stderr.trim() || stdout.trim()}`);
  }
  return outputsSchema.parse(JSON.parse(stdout));
}

function forStack(stack: string): string {
  return stack === defaultStack ? "" : ` -- --stack ${stack}`;
}
