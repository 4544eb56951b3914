export function sortedUnique(texts: readonly string[]): readonly string[] {
  return [...new Set(texts)].sort();
}
