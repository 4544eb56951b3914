/** Figures of repeated runs. */

export interface Figure {
  readonly what: string;
  /** Seconds, one a run. */
  readonly seconds: readonly number[];
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const [low, high] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]];
  if (low === undefined || high === undefined) {
    throw new Error("There is no median of no values.");
  }
  return (low + high) / 2;
}

/** The rows of a table: what, median, smallest, largest, number of runs. */
export function figureRows(figures: readonly Figure[]): string[][] {
  return figures.map(({ what, seconds }) => [
    what,
    show(median(seconds)),
    show(Math.min(...seconds)),
    show(Math.max(...seconds)),
    String(seconds.length),
  ]);
}

export function show(seconds: number): string {
  return `${seconds.toFixed(1)} s`;
}
