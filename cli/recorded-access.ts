/** How the commands that look into a lab get in: by the stack's own outputs. */
import { z } from "zod";
import { type LabAccess, labAccessSchema } from "../verify/access";
import type { Deployment } from "./backend";
import { UserError } from "../host/messages";
import { projectRoot } from "../host/paths";
import { run } from "../host/processes";
import { requireAwake } from "./awake";
import { requireConfigured, stackExists } from "./pulumi";
import { setUp } from "./setup";
import { withWhereabouts } from "./whereabouts";

const exportSchema = z.object({
  deployment: z.object({
    resources: z
      .array(z.object({ type: z.string(), outputs: z.record(z.string(), z.unknown()).default({}) }))
      .default([]),
  }),
});

/** The resources in what `pulumi stack export` prints. */
export function exportedResources(text: string): z.infer<typeof exportSchema>["deployment"]["resources"] {
  return exportSchema.parse(JSON.parse(text)).deployment.resources;
}

/** @throws UserError when the stack does not exist, or no `up` has come far enough to say how to reach its machines. */
export async function readAccess(stack: string): Promise<LabAccess> {
  const deployment = await setUp(stack);
  if (!(await stackExists(deployment, stack))) {
    requireConfigured(stack);
    throw new UserError(`There is no lab "${stack}". npm run up -- --stack ${stack} creates it.`);
  }
  requireAwake(stack);
  const access = await recordedAccess(deployment, stack);
  if (access === undefined) {
    throw new UserError(
      `The lab "${stack}" is not complete: not all of its machines are there. npm run up -- --stack ${stack} goes on.`,
    );
  }
  const read = labAccessSchema.safeParse(access);
  if (!read.success) {
    throw new UserError(
      `The lab "${stack}" was recorded by another version of this program. npm run up -- --stack ${stack} records it anew.`,
    );
  }
  return withWhereabouts(read.data);
}

/**
 * What the lab's component recorded. The stack's own outputs are not enough: there are none after an `up` that ended
 * with a failed check, which is when they are wanted most.
 */
async function recordedAccess(deployment: Deployment, stack: string): Promise<unknown> {
  const args = ["stack", "export", "--show-secrets", "--non-interactive", "--stack", stack];
  const { code, stdout, stderr } = await run(deployment.toolchain.pulumi, args, {
    cwd: projectRoot,
    env: deployment.env,
  });
  if (code !== 0) {
    throw new UserError(`The state of stack ${stack} cannot be read: ${stderr.trim() || stdout.trim()}`);
  }
  return plain(exportedResources(stdout).find(({ type }) => type === "ipv6lab:index:Ipv6OnlyLab")?.outputs.access);
}

const secretSchema = z.object({ plaintext: z.string() });

/** An exported secret is an object that holds its JSON text. */
function plain(value: unknown): unknown {
  const secret = secretSchema.safeParse(value);
  return secret.success ? JSON.parse(secret.data.plaintext) : value;
}
