import { UserError, messageOf } from "./messages";

/**
 * Does two long things at once. The first that fails ends the other: nobody waits minutes to read an error.
 * @throws what failed; a UserError with both reasons when the other failed for one of its own.
 */
export async function sideBySide<A, B>(
  signal: AbortSignal,
  one: (signal: AbortSignal) => Promise<A>,
  other: (signal: AbortSignal) => Promise<B>,
): Promise<[A, B]> {
  const failure = new AbortController();
  const either = AbortSignal.any([signal, failure.signal]);
  const orEndBoth = (reason: unknown): never => {
    failure.abort(reason);
    throw reason;
  };
  const [first, second] = await Promise.allSettled([one(either).catch(orEndBoth), other(either).catch(orEndBoth)]);
  if (first.status === "fulfilled" && second.status === "fulfilled") return [first.value, second.value];
  // What was ended ends with the reason of the other.
  const reasons = new Set<unknown>();
  for (const end of [first, second]) if (end.status === "rejected") reasons.add(end.reason);
  const [reason, ...more] = reasons;
  throw more.length === 0 ? reason : new UserError([...reasons].map(messageOf).join("\n"));
}
