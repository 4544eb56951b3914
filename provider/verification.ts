/**
 * `lab:index:Verification`: what ends `pulumi up`. Nothing is made; a lab that does not do what it promises fails the
 * update with the report, and since nothing is then recorded, the next `up` looks again.
 */
import { z } from "zod";
import { labAccessSchema } from "../verify/access";
import { formatReport, summary } from "../verify/report";
import { verifyLab } from "../verify/runner";
import { checkWith } from "../plugin/check";
import { compareInputs, type OperationContext, type Properties, type ResourceHandler } from "../plugin/handler";

const inputsSchema = z.object({ target: z.string(), triggers: z.array(z.string()) });

export const verificationHandler: ResourceHandler = {
  check: checkWith(inputsSchema),

  diff: (old, inputs) => compareInputs(old.properties, inputs, ["target", "triggers"], ["target", "triggers"]),

  async create(inputs, context) {
    const outputs = await verified(inputs, context);
    return { id: "verified", outputs };
  },

  // It tells what was seen then; what is so now is the business of `npm run verify`.
  read: (old) => Promise.resolve(old.properties),
  update: (_old, inputs, context) => verified(inputs, context),
  delete: () => Promise.resolve(),
};

async function verified(inputs: Properties, { signal, progress, info }: OperationContext): Promise<Properties> {
  const { target, triggers } = inputsSchema.parse(inputs);
  const access = labAccessSchema.parse(JSON.parse(target));
  const report = await verifyLab(access, {
    wait: access.promised.verify.timeout,
    untilSettled: true,
    signal,
    share: true,
    progress,
  });
  const text = formatReport(report);
  if (!report.passed) {
    throw new Error(`The lab is there, but it does not do what it should:\n\n${text}\n\nnpm run verify looks again.`);
  }
  info(text);
  const verifiedAt = new Date().toISOString();
  return {
    target,
    triggers,
    report: text,
    // A later `up` that changes nothing shows it again: it must say when it was so.
    summary: `${summary(report)}, as seen at ${verifiedAt}`,
    firstByteAt: report.firstByteAt,
    verifiedAt,
  };
}
