/** What two did in the same minutes, one of each a pair. */
export interface Paired {
  /** How much more the second took than the first, as a part of it: the mean over all pairs. */
  readonly more: number;
  /** Standard error of that mean; null: it cannot be had from one pair. */
  readonly error: number | null;
}

/** @param pairs what the first took and what the second took, in any unit, above 0. At least one. */
export function paired(pairs: readonly (readonly [first: number, second: number])[]): Paired {
  const ratios = pairs.map(([first, second]) => second / first - 1);
  const count = ratios.length;
  const more = ratios.reduce((sum, ratio) => sum + ratio, 0) / count;
  if (count < 2) return { more, error: null };
  const variance = ratios.reduce((sum, ratio) => sum + (ratio - more) ** 2, 0) / (count - 1);
  return { more, error: Math.sqrt(variance / count) };
}
