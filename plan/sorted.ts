export function sortedUnique(texts: readonly string[]): readonly string[] {
  return [...new Set(texts)].sort();
}

/** The shorter name first: who came later to a growing list makes way, client-1000 for client-2 and not the other way round. */
export function shorterFirst(one: string, other: string): number {
  return one.length - other.length || (one < other ? -1 : 1);
}
