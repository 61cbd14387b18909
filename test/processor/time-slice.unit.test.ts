import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { logs, rulesOfLog } from '../core/support/logs.ts';
import { calmWorld } from '../simulator/calm.ts';

/** Folds some log. @param step ms that pass at each look at the time. @returns how often it slept for no time at all. */
async function yields(step: number): Promise<{ yields: number; folded: number; written: number }> {
  const [log] = fc.sample(
    logs(false).filter(({ steps }) => steps.filter((each) => !('now' in each)).length >= 10),
    { numRuns: 1, seed: 7 },
  );
  const world = calmWorld(rulesOfLog(log!));
  const host = world.begin();
  const { clock } = host;
  let passed = 0;
  let count = 0;
  clock.elapsed = () => {
    passed += step;
    return clock.now() + passed;
  };
  const sleep = clock.sleep.bind(clock);
  clock.sleep = (ms, signal) => {
    if (ms === 0) count += 1;
    return sleep(ms, signal);
  };
  let written = 0;
  for (const each of log!.steps) {
    if ('now' in each) continue;
    world.append(0, each.arrives, each.events, each.stamped);
    written += 1;
  }
  await world.until(() => world.isQuiet, 'the log is folded and published');
  host.tellToStop();
  await world.until(() => host.processor.reports().every(({ phase }) => phase === 'ended'), 'it ends');
  return { yields: count, folded: world.store.tables(0).state.counts.records, written };
}

describe('folding many records at once', () => {
  test('lets heartbeats through where records take long, and still folds each of them', async () => {
    const slow = await yields(60);
    expect(slow.yields).toBeGreaterThan(3);
    expect(slow.folded).toBe(slow.written);
  });

  test('does not pause where they do not', async () => {
    const quick = await yields(0);
    expect(quick.yields).toBe(0);
    expect(quick.folded).toBe(quick.written);
  });
});
