/**
 * `node -r ./host/typescript.cjs cli/headline.ts REPORT.json`: what the report of `exec` says first of a failure, for the
 * annotation of a CI system (action.yml). Of the JSON alone: in the text a line may be the command's own.
 */
import { readFileSync } from "node:fs";
import { z } from "zod";
import { headline } from "../exec/report/headline";

const verdict = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("works") }),
  z.object({ kind: z.literal("cause"), cause: z.string(), title: z.string(), confidence: z.string() }),
  z.object({ kind: z.literal("cannot-tell"), words: z.string() }),
  z.object({ kind: z.literal("not-run"), words: z.string() }),
]);
const run = z.object({ verdict });

/** In the words of the text report. Of several networks one with a cause, which is what the exit code tells too. */
export function headlineOf(report: unknown): string {
  const verdicts = z
    .union([z.array(run), run.transform((one) => [one])])
    .parse(report)
    .map((each) => each.verdict);
  const told = verdicts.find(({ kind }) => kind === "cause") ?? verdicts.find(({ kind }) => kind !== "works");
  return headline(told ?? { kind: "works" });
}

/** As the message of one of GitHub's workflow commands, which a line's end would end. */
export function escaped(message: string): string {
  return message.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}

if (require.main === module) {
  const report: unknown = JSON.parse(readFileSync(process.argv[2] ?? "", "utf8"));
  console.log(escaped(headlineOf(report)));
}
