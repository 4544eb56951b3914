/** nft(8)'s list of rules as JSON (libnftables-json(5)): those that have a comment are known by it. */
import { z } from "zod";

export interface CommentedRule {
  readonly table: string;
  readonly chain: string;
  readonly comment: string;
  /** That it has met; undefined: it has no counter. */
  readonly packets: number | undefined;
}

const rulesetSchema = z.object({
  nftables: z.array(
    z.object({
      rule: z
        .object({
          table: z.string(),
          chain: z.string(),
          comment: z.string().optional(),
          expr: z.array(z.record(z.string(), z.unknown())),
        })
        .optional(),
    }),
  ),
});

const counterSchema = z.object({ packets: z.number() });

export function commentedRules(text: string): readonly CommentedRule[] {
  return rulesetSchema.parse(JSON.parse(text)).nftables.flatMap(({ rule }) => {
    if (rule?.comment === undefined) return [];
    const { table, chain, comment, expr } = rule;
    const counter = counterSchema.safeParse(expr.find((each) => "counter" in each)?.counter);
    return [{ table, chain, comment, packets: counter.data?.packets }];
  });
}
