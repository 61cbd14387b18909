/**
 * Makes a run that fails smaller: fewer kinds of faults, fewer faults, fewer records, less of everything, as long as
 * something still fails. What is left is what it takes.
 */
import { OUTPUT_TOPICS } from '../../src/ports/output.ts';
import { FAULTS, type FaultKind, type Plan } from './plan.ts';
import { type Outcome, simulate } from './run.ts';
import type { Weakness } from './weakness.ts';

export interface Shrunk {
  readonly plan: Plan;
  /** Of the smallest run, traced. */
  readonly outcome: Outcome;
  readonly runs: number;
}

/** @param budget how many runs it may take. */
export async function shrink(plan: Plan, weakness: Weakness | null, budget = 600): Promise<Shrunk> {
  let smallest = plan;
  let runs = 0;
  const attempt = async (smaller: Plan): Promise<boolean> => {
    if (runs >= budget) return false;
    runs += 1;
    if ((await simulate(smaller, weakness)).failure === null) return false;
    smallest = smaller;
    return true;
  };

  for (let before = -1; runs < budget && runs !== before; ) {
    const size = sizeOf(smallest);
    before = runs;
    for (const kind of FAULTS) if (smallest.faults.has(kind)) await attempt(without(smallest, kind));
    await fewer(
      () => smallest.events,
      (events) => attempt({ ...smallest, events }),
    );
    await attempt({ ...smallest, only: new Set((await simulate(smallest, weakness)).befallen) });
    await fewer(
      () => [...(smallest.only ?? [])],
      (only) => attempt({ ...smallest, only: new Set(only) }),
    );
    await fewer(
      () => smallest.records,
      (records) => attempt({ ...smallest, records }),
    );
    for (let hosts = 1; hosts < smallest.hosts; hosts++) {
      if (await attempt({ ...smallest, hosts, clocks: smallest.clocks.slice(0, hosts) })) break;
    }
    await attempt({ ...smallest, clocks: smallest.clocks.map(() => 0) });
    if (smallest.delay > 0) await attempt({ ...smallest, delay: 0 });
    for (const topic of OUTPUT_TOPICS) {
      if (smallest.outputs[topic] === smallest.partitions) continue;
      await attempt({ ...smallest, outputs: { ...smallest.outputs, [topic]: smallest.partitions } });
    }
    if (smallest.batch > 1) await attempt({ ...smallest, batch: 500 });
    if (sizeOf(smallest) === size) break;
  }
  return { plan: smallest, outcome: await simulate(smallest, weakness, true), runs };
}

function without(plan: Plan, kind: FaultKind): Plan {
  const faults = new Set(plan.faults);
  faults.delete(kind);
  return { ...plan, faults, events: plan.events.filter((event) => event.kind !== kind) };
}

/** Leaves out halves, then quarters, down to single ones. */
async function fewer<T>(now: () => readonly T[], attempt: (left: readonly T[]) => Promise<boolean>): Promise<void> {
  if (now().length > 0 && (await attempt([]))) return;
  for (let length = Math.ceil(now().length / 2); length >= 1; length = length === 1 ? 0 : Math.ceil(length / 2)) {
    for (let from = 0; from < now().length; ) {
      const all = now();
      if (!(await attempt([...all.slice(0, from), ...all.slice(from + length)]))) from += length;
    }
  }
}

function sizeOf(plan: Plan): number {
  const { faults, events, records, hosts, only } = plan;
  return faults.size + events.length + records.length + hosts + (only?.size ?? 0);
}
