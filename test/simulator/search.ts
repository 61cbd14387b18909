/** Runs seeds, and reports the first ones that fail. */
import { type FaultKind, planOf } from './plan.ts';
import { report } from './report.ts';
import { simulate } from './run.ts';
import { shrink } from './shrink.ts';
import type { Weakness } from './weakness.ts';

export interface Found {
  /** Seeds that were run. */
  readonly runs: number;
  readonly faults: ReadonlyMap<FaultKind, number>;
  readonly virtualMs: number;
  /** A text each, made for people. */
  readonly failures: readonly string[];
}

/** @param most after so many failures it is enough. */
export async function search(
  seeds: Iterable<number>,
  weakness: Weakness | null = null,
  most = 3,
  onRun: (runs: number) => void = () => {},
): Promise<Found> {
  const faults = new Map<FaultKind, number>();
  const failures: string[] = [];
  let runs = 0;
  let virtualMs = 0;
  for (const seed of seeds) {
    const plan = planOf(seed);
    const outcome = await simulate(plan, weakness);
    runs += 1;
    virtualMs += outcome.virtualMs;
    for (const [kind, count] of outcome.faults) faults.set(kind, (faults.get(kind) ?? 0) + count);
    if (outcome.failure !== null) failures.push(report(outcome.failure, plan, weakness, await shrink(plan, weakness)));
    if (failures.length >= most) break;
    onRun(runs);
  }
  return { runs, faults, virtualMs, failures };
}

/** Seeds from one on. */
export function* seedsFrom(first: number, count: number): Generator<number> {
  for (let i = 0; i < count; i++) yield (first + i) % 2 ** 31;
}
