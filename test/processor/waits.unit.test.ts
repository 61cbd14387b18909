import { describe, expect, test } from '@jest/globals';
import { Metrics } from '../../src/metrics/index.ts';
import { waitsOf } from '../../src/processor/waits.ts';
import { rulesOfLog } from '../core/support/logs.ts';
import { calmWorld } from '../simulator/calm.ts';
import type { Host } from '../simulator/host.ts';
import { steady } from '../simulator/weather.ts';
import type { World } from '../simulator/world.ts';

const rules = rulesOfLog({ config: {} as never, outputDebug: false, steps: [] });
const AT = Date.UTC(2026, 0, 1);
const event = (id: string) => ({ event_id: id, session_id: 's', type: 'page-view', occurred_at: AT });

type Method = 'commit' | 'acknowledge';

/** A processor that has folded one record, on a store of which one call gets no answer, or fails, from then on. */
async function silentIn(
  method: Method,
): Promise<{ world: World; host: Host; answer: () => void; fail: (error: Error) => void }> {
  const world = calmWorld(rules);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  promise.catch(() => {});
  let silent = false;
  const call = world.store[method].bind(world.store) as (...given: unknown[]) => Promise<void>;
  world.store[method] = async (...given: unknown[]) => {
    if (silent) await promise;
    return await call(...given);
  };
  const host = world.begin();
  world.append(0, AT, [event('first')]);
  await world.until(() => world.isQuiet, 'the first record is folded');
  silent = true;
  return { world, host, answer: resolve, fail: reject };
}

async function series(host: Host, now: number): Promise<(name: string) => number | undefined> {
  const metrics = new Metrics({
    version: '1',
    reports: () => host.processor.reports(),
    now: () => now,
    process: false,
  });
  const lines = (await metrics.text()).split('\n');
  return (name) => {
    const line = lines.find((each) => each.startsWith(`${name}{partition="0"`));
    return line === undefined ? undefined : Number(line.split(' ').at(-1));
  };
}

describe('what a partition waits for', () => {
  test.each<[Method, string]>([
    ['commit', 'a commit'],
    ['acknowledge', 'a sign of life'],
  ])(
    'is a call to the store that gets no answer, which keeps the processor from being ready: %s',
    async (method, what) => {
      const { world, host, answer } = await silentIn(method);
      if (method === 'commit') world.append(0, AT + 1, [event('second')]);
      const why = `waits for Postgres: ${what} is not answered`;
      await world.until(() => host.processor.reports()[0]!.waits.some((wait) => wait.why === why), 'it is shown');
      await world.time.pass(12_000);
      const { since } = host.processor.reports()[0]!.waits[0]!;
      expect(host.processor.hindrance).toBe(`partition 0 ${why}, since ${new Date(since).toISOString()}`);
      const shown = await series(host, world.time.now);
      expect(shown('tidemark_store_call_seconds')).toBeGreaterThanOrEqual(12);
      expect(shown('tidemark_partition_waiting_seconds')).toBe(shown('tidemark_store_call_seconds'));
      answer();
      await world.until(() => host.processor.isReady, 'it is ready again');
      const after = await series(host, world.time.now);
      expect(after('tidemark_store_call_seconds')).toBe(0);
    },
  );

  test('is reported as it is committed: what a commit without an answer holds is not done', async () => {
    const { world, host, answer } = await silentIn('commit');
    const before = host.processor.reports()[0]!;
    for (let i = 0; i < 5; i++) world.append(0, AT + 1_000 + i, [event(`more ${i}`)]);
    await world.time.pass(5_000);
    const { waits: _, storeCallSince: __, ...report } = host.processor.reports()[0]!;
    expect(report).toMatchObject({ nextOffset: 1, end: 6, arrivalClock: before.arrivalClock, counts: { records: 1 } });
    const shown = await series(host, world.time.now);
    expect([shown('tidemark_lag_records'), shown('tidemark_records_total')]).toEqual([5, 1]);
    answer();
    await world.until(() => host.processor.reports()[0]!.nextOffset === 6, 'all is committed');
    expect(host.processor.reports()[0]!.counts).toMatchObject({ records: 6 });
  });

  test('lasts from its first failure until something was written, however often the partition was taken over', async () => {
    const world = calmWorld(rules);
    const host = world.begin();
    // The group answers at any time.
    host.input.holds = async () => true;
    await world.until(() => host.processor.isReady, 'it is ready');
    world.weather = steady({ share: 0.7 });
    for (let i = 0; i < 5; i++) world.append(0, AT + i, [event(`e${i}`)]);
    await world.until(() => host.processor.reports()[0]!.waits[0]?.why.endsWith('refused') ?? false, 'a call fails');
    const { since } = host.processor.reports()[0]!.waits[0]!;
    const seen = new Set<number>();
    world.weather = steady({ share: 1 });
    for (let i = 0; i < 40; i++) {
      await world.time.pass(500);
      for (const wait of host.processor.reports()[0]!.waits) if (wait.for === 'store') seen.add(wait.since);
    }
    expect([...seen]).toEqual([since]);
    expect(host.processor.hindrance).toMatch(/^partition 0 is to be taken over again: p0 take over: refused, since /);
    world.weather = steady({});
    await world.until(() => world.isQuiet, 'all is folded');
    await world.until(() => host.processor.reports()[0]!.waits.length === 0, 'it waits for nothing');
  });

  test('lasts where it is taken over each time, and no commit goes through', async () => {
    const { world, host, fail } = await silentIn('commit');
    fail(new Error('no room'));
    world.append(0, AT + 1, [event('second')]);
    const waits = () => host.processor.reports()[0]!.waits.filter((wait) => wait.for === 'store');
    await world.until(() => waits()[0]?.why.endsWith('no room') ?? false, 'a commit fails');
    const { since } = waits()[0]!;
    const seen = new Set<number>();
    for (let i = 0; i < 200; i++) {
      await world.time.pass(100);
      for (const wait of waits()) if (wait.why.endsWith('no room')) seen.add(wait.since);
      // Once it has lasted, it is ready at no moment: not while it is folded, between two failures.
      if (i > 100) expect(host.processor.hindrance).toMatch(/no room/);
    }
    expect([...seen]).toEqual([since]);
  });

  test('is nothing for a partition that has ended', () => {
    const nothing = {
      failing: null,
      isAnothers: false,
      storeCall: null,
      brokersCall: null,
      unread: null,
      folding: null,
    };
    const known = { ...nothing, registryTrouble: null, publishing: { since: 0, error: 'no' }, phaseSince: 0 } as const;
    expect(waitsOf({ ...known, phase: 'ended' })).toEqual([]);
    expect(waitsOf({ ...known, phase: 'running' })).toHaveLength(1);
  });
});
