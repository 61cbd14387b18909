import { type Counts, noCounts } from '../core/changes.ts';

/** The counts of all partitions together. */
export function sumOfCounts(all: readonly Readonly<Counts>[]): Counts {
  const total = noCounts();
  for (const counts of all) {
    for (const key of Object.keys(total) as (keyof Counts)[]) total[key] += counts[key] ?? 0;
  }
  return total;
}
