/** An entry that has the key of one before it. */
export interface Repeated<T> {
  readonly index: number;
  readonly entry: T;
  /** Where that key stands first. */
  readonly first: number;
  readonly firstEntry: T;
}

/** @param keyOf undefined: the entry has none, and repeats nothing. */
export function* repeated<T>(
  entries: readonly T[],
  keyOf: (entry: T) => string | number | undefined,
): Iterable<Repeated<T>> {
  const firstOf = new Map<string | number, { readonly first: number; readonly firstEntry: T }>();
  for (const [index, entry] of entries.entries()) {
    const key = keyOf(entry);
    if (key === undefined) continue;
    const first = firstOf.get(key);
    if (first === undefined) firstOf.set(key, { first: index, firstEntry: entry });
    else yield { index, entry, ...first };
  }
}
