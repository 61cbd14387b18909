import { describe, expect, test } from '@jest/globals';
import { type Counts, noCounts } from '../../src/core/changes.ts';
import { Metrics } from '../../src/metrics/index.ts';
import { BLOCKERS, type PartitionReport } from '../../src/ports/observer.ts';

const report = (given: Partial<PartitionReport> = {}): PartitionReport => ({
  partition: 0,
  phase: 'running',
  epoch: 1,
  nextOffset: 90,
  end: 100,
  drainedAt: null,
  arrivalClock: 1_000_000,
  eventClock: 990_000,
  watermark: 940_000,
  openVisits: 7,
  nextDue: 1_004_000,
  backlogMessages: 3,
  backlogBytes: 2_048,
  backlogSince: 1_003_000,
  counts: { ...noCounts() },
  waits: [],
  storeCallSince: null,
  ...given,
});

/** Series and their values, as a scrape reads them. */
async function scrape(metrics: Metrics): Promise<Map<string, number>> {
  const lines = (await metrics.text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]),
  );
}

function over(reports: PartitionReport[]): Metrics {
  return new Metrics({ version: '1', reports: () => reports, now: () => 1_005_000, process: false });
}

describe('metrics', () => {
  test('every counter of what became of events is in the sum over outcomes', async () => {
    // Powers of two: a counter that is left out or counted twice shows in the sum.
    const counts = { ...noCounts() };
    // In the state the events are the sum of the counts from `started` to `visitFull`.
    const names = Object.keys(counts) as (keyof Counts)[];
    const parts = names.slice(names.indexOf('started'), names.indexOf('visitFull') + 1);
    parts.forEach((part, i) => {
      counts[part] = 2 ** i;
    });
    counts.events = 2 ** parts.length - 1;
    const series = await scrape(over([report({ counts })]));
    const events = [...series].filter(([name]) => name.startsWith('tidemark_events_total{'));
    expect(events).toHaveLength(parts.length);
    expect(events.reduce((sum, [, value]) => sum + value, 0)).toBe(counts.events);
  });

  test('clocks, lag, visits and outbox are shown in base units', async () => {
    const series = await scrape(over([report()]));
    const of = (name: string) => series.get(`${name}{partition="0"}`);
    expect(of('tidemark_lag_records')).toBe(10);
    expect(of('tidemark_lag_seconds')).toBe(5);
    expect(of('tidemark_arrival_clock_seconds')).toBe(1_000);
    expect(of('tidemark_event_clock_seconds')).toBe(990);
    expect(of('tidemark_watermark_seconds')).toBe(940);
    expect(of('tidemark_arrival_clock_delay_seconds')).toBe(5);
    expect(of('tidemark_event_clock_delay_seconds')).toBe(15);
    expect(of('tidemark_visits_overdue_seconds')).toBe(1);
    expect(of('tidemark_outbox_messages')).toBe(3);
    expect(of('tidemark_open_visits')).toBe(7);
    expect(of('tidemark_outbox_bytes')).toBe(2_048);
    expect(of('tidemark_outbox_age_seconds')).toBe(2);
    expect(of('tidemark_partition_running')).toBe(1);
  });

  test('a clock of the brokers that is ahead shows as a delay below zero', async () => {
    const series = await scrape(over([report({ arrivalClock: 1_008_000 })]));
    expect(series.get('tidemark_arrival_clock_delay_seconds{partition="0"}')).toBe(-3);
  });

  test('records that the brokers did not stamp are counted', async () => {
    const series = await scrape(over([report({ counts: { ...noCounts(), unstamped: 3 } })]));
    expect(series.get('tidemark_unstamped_records_total{partition="0"}')).toBe(3);
  });

  test('the first record after a quiet night is not a night behind', async () => {
    const series = await scrape(over([report({ drainedAt: 1_004_800 })]));
    expect(series.get('tidemark_lag_seconds{partition="0"}')).toBe(0.2);
  });

  test('what a partition waits for is shown with its time, and all else it might wait for with none', async () => {
    const series = await scrape(over([report({ waits: [{ for: 'registry', since: 1_001_000, why: 'waits' }] })]));
    const of = (what: string) => series.get(`tidemark_partition_waiting_seconds{partition="0",for="${what}"}`);
    expect(BLOCKERS.map((what) => [what, of(what)])).toEqual(
      BLOCKERS.map((what) => [what, what === 'registry' ? 4 : 0]),
    );
  });

  test('how long a call to Postgres has had no answer is shown', async () => {
    const of = async (storeCallSince: number | null) =>
      (await scrape(over([report({ storeCallSince })]))).get('tidemark_store_call_seconds{partition="0"}');
    expect([await of(null), await of(988_000)]).toEqual([0, 17]);
  });

  test('whether the process is in the group, and how many partitions there are, is shown', async () => {
    const reports = () => [];
    const metrics = (group: () => { member: boolean; partitions: number; workers: number } | null) =>
      scrape(new Metrics({ version: '1', reports, group, process: false }));
    const before = await metrics(() => null);
    expect([before.get('tidemark_group_member'), before.get('tidemark_input_partitions')]).toEqual([0, 0]);
    const after = await metrics(() => ({ member: true, partitions: 12, workers: 3 }));
    expect([after.get('tidemark_group_member'), after.get('tidemark_input_partitions')]).toEqual([1, 12]);
    expect(after.get('tidemark_workers')).toBe(3);
  });

  test('what the threads that fold cost is shown, and time that they spent never goes back', async () => {
    const loads = [
      { delaySeconds: 3, heapBytes: 500, heapSizeBytes: 700, externalBytes: 60, gcSeconds: 7 },
      { delaySeconds: 0.1, heapBytes: 400, heapSizeBytes: 600, externalBytes: 50, gcSeconds: 9 },
    ];
    const metrics = new Metrics({ version: '1', reports: () => [], load: () => loads.shift() ?? null, process: false });
    for (const [delay, heap, heapSize, external, gc] of [
      [3, 500, 700, 60, 7],
      [0.1, 400, 600, 50, 9],
    ]) {
      const series = await scrape(metrics);
      expect(series.get('tidemark_event_loop_delay_seconds')).toBe(delay);
      expect(series.get('tidemark_heap_bytes')).toBe(heap);
      expect(series.get('tidemark_heap_size_bytes')).toBe(heapSize);
      expect(series.get('tidemark_external_bytes')).toBe(external);
      expect(series.get('tidemark_gc_seconds_total')).toBe(gc);
    }
  });

  test('a drained partition lags by no seconds, and what is not known yet is not shown', async () => {
    const drained = await scrape(over([report({ nextOffset: 100 })]));
    expect(drained.get('tidemark_lag_seconds{partition="0"}')).toBe(0);
    const unknown = await scrape(
      over([
        report({
          phase: 'taking over',
          end: null,
          nextOffset: null,
          arrivalClock: null,
          eventClock: null,
          watermark: null,
          counts: null,
        }),
      ]),
    );
    const shown = [...unknown.keys()].filter((name) => name.includes('partition='));
    expect(shown).toEqual([
      'tidemark_partition_running{partition="0"}',
      ...BLOCKERS.map((what) => `tidemark_partition_waiting_seconds{partition="0",for="${what}"}`),
      'tidemark_store_call_seconds{partition="0"}',
      'tidemark_open_visits{partition="0"}',
      'tidemark_visits_overdue_seconds{partition="0"}',
      'tidemark_outbox_messages{partition="0"}',
      'tidemark_outbox_bytes{partition="0"}',
      'tidemark_outbox_age_seconds{partition="0"}',
    ]);
  });

  test('a counter does not go back while what was not committed is folded again', async () => {
    const reports = [report({ counts: { ...noCounts(), records: 100, events: 100, joined: 100 } })];
    const metrics = over(reports);
    await scrape(metrics);
    reports[0] = report({ counts: { ...noCounts(), records: 90, events: 90, joined: 90 } });
    expect((await scrape(metrics)).get('tidemark_records_total{partition="0"}')).toBe(100);
    reports[0] = report({ counts: { ...noCounts(), records: 120, events: 120, joined: 120 } });
    expect((await scrape(metrics)).get('tidemark_records_total{partition="0"}')).toBe(120);
  });

  test('a partition that went to another processor is shown no more', async () => {
    const reports = [report()];
    const metrics = over(reports);
    await scrape(metrics);
    reports.length = 0;
    expect([...(await scrape(metrics)).keys()].filter((name) => name.includes('partition='))).toEqual([]);
  });

  test('what the processor reports is counted', async () => {
    const metrics = over([]);
    metrics.committed({ partition: 0, ms: 20, rows: 5, records: 4, bytes: 1_000 });
    metrics.published({ partition: 0, ms: 10, messages: 3, delays: [400, 2_000] });
    metrics.failed('broker');
    metrics.rebalanced();
    metrics.takenOver({ partition: 0, ms: 100 });
    metrics.misplaced({ partition: 0, count: 2 });
    const series = await scrape(metrics);
    expect(series.get('tidemark_commit_duration_seconds_sum')).toBeCloseTo(0.02);
    expect(series.get('tidemark_commit_rows_total')).toBe(5);
    expect(series.get('tidemark_commit_records_total')).toBe(4);
    expect(series.get('tidemark_commit_bytes_total')).toBe(1_000);
    expect(series.get('tidemark_published_messages_total')).toBe(3);
    expect(series.get('tidemark_due_to_published_seconds_sum')).toBeCloseTo(2.4);
    expect(series.get('tidemark_due_to_published_seconds_count')).toBe(2);
    expect(series.get('tidemark_misplaced_records_total{partition="0"}')).toBe(2);
    expect(series.get('tidemark_failures_total{part="broker"}')).toBe(1);
    expect(series.get('tidemark_failures_total{part="store"}')).toBe(0);
    expect(series.get('tidemark_rebalances_total')).toBe(1);
    expect(series.get('tidemark_take_over_duration_seconds_count')).toBe(1);
  });
});
