/** The value that a share of the others does not exceed (nearest rank). @throws where there is none. */
export function percentile(values: readonly number[], share: number): number {
  if (values.length === 0) throw new Error('a percentile of nothing');
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]!;
}

/** The middle one, or the mean of the two. @throws where there is none. */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new Error('a median of nothing');
  const sorted = values.toSorted((a, b) => a - b);
  const half = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}

/** Values that stand for many each: percentiles of millions of records that came in batches. */
export class Weighted {
  readonly #entries: { readonly value: number; readonly weight: number }[] = [];
  #weight = 0;

  add(value: number, weight = 1): void {
    if (weight <= 0) return;
    this.#entries.push({ value, weight });
    this.#weight += weight;
  }

  get count(): number {
    return this.#weight;
  }

  /** @throws where nothing was added. */
  percentile(share: number): number {
    if (this.#weight === 0) throw new Error('a percentile of nothing');
    this.#entries.sort((a, b) => a.value - b.value);
    let passed = 0;
    for (const { value, weight } of this.#entries) {
      passed += weight;
      if (passed >= share * this.#weight) return value;
    }
    return this.#entries.at(-1)!.value;
  }
}

/** Slope of a line through points, least squares: by how much y rises as x rises by one. */
export function slope(points: readonly (readonly [x: number, y: number])[]): number {
  const n = points.length;
  const meanX = points.reduce((sum, [x]) => sum + x, 0) / n;
  const meanY = points.reduce((sum, [, y]) => sum + y, 0) / n;
  const over = points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0);
  const under = points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
  return under === 0 ? 0 : over / under;
}
