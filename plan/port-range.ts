/** The two ends of a range of ports that is written `first-last`, as `fields.ts` lets it be. */
export function portsOf(range: string): { readonly first: number; readonly last: number } {
  const [first = 0, last = 0] = range.split("-").map(Number);
  return { first, last };
}
