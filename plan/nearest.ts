/** What somebody probably meant. */

/** The candidate that `word` is a slip of: at most a third of its letters differ. Undefined when none is near. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  const beginning = (candidate: string) => Number(candidate.startsWith(word));
  const limit = Math.max(1, Math.floor(word.length / 3));
  const [best] = candidates
    .map((candidate) => ({ candidate, distance: editDistance(word.toLowerCase(), candidate.toLowerCase()) }))
    .filter(({ distance }) => distance <= limit)
    .sort((one, other) => one.distance - other.distance || beginning(other.candidate) - beginning(one.candidate));
  return best?.candidate;
}

/** What to write instead of `word`: the one that was probably meant, and those that there are, at most so many of them. */
export function oneOf(word: string, known: readonly string[], most = Infinity): string {
  const guess = nearest(word, known);
  const all = `There are: ${[...known.slice(0, most), ...(known.length > most ? ["…"] : [])].join(", ")}`;
  return guess === undefined ? all : `Did you mean ${guess}? ${all}`;
}

/** Levenshtein distance: insertions, deletions and replacements of one letter. */
function editDistance(from: string, to: string): number {
  let previous = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (const [row, letter] of Array.from(from).entries()) {
    const current = [row + 1];
    for (const [column, other] of Array.from(to).entries()) {
      const replaced = (previous[column] ?? 0) + (letter === other ? 0 : 1);
      const deleted = (previous[column + 1] ?? 0) + 1;
      const inserted = (current[column] ?? 0) + 1;
      current.push(Math.min(replaced, deleted, inserted));
    }
    previous = current;
  }
  return previous.at(-1) ?? 0;
}
