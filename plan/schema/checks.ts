/** The section of checks that are the stack's own: what `npm run verify` tries on the clients beside everything else. */
import { z } from "zod";
import { hostname, httpUrl, seconds, title } from "../fields";
import { scenarios } from "../scenario";

const outcome = z.enum(["works", "fails"]);

const ownCheck = z.strictObject({
  title: title().describe("What is tried, in a few words of one line; unique in the list."),
  command: z
    .string()
    .min(1)
    .max(4096)
    .optional()
    .describe("Run by `bash -c` on the client, without root's rights. It works when it ends with 0."),
  url: httpUrl()
    .optional()
    .describe(
      "Fetched with curl on the client. It works when it is answered with 2xx, and fails when no answer comes; any other answer is neither, and no check passes by it.",
    ),
  on: z.array(hostname()).min(1).optional().describe("Names of the clients that try it. Unset: all of them."),
  timeout: seconds(1, 3600).default(30).describe("Seconds. What has not ended then is ended, and has failed."),
  expect: z
    .union([outcome, z.record(z.string(), outcome)])
    .describe(
      `\`works\` or \`fails\`, everywhere; or that for each scenario (${scenarios.join(", ")}) or network by its name, which goes before its scenario. Where nothing is said, it is tried and not judged.`,
    ),
});

export type ConfiguredCheck = z.output<typeof ownCheck>;

export const checks = z
  .array(ownCheck)
  .max(200)
  .prefault([])
  .describe("Checks of your own, tried by `npm run verify` on the clients; `up` does not wait for them.");
