import { describe, expect, test } from '@jest/globals';
import { type PartitionSources, partitionViews } from '../../src/console/partitions.ts';
import { noCounts } from '../../src/core/changes.ts';
import type { PartitionReport } from '../../src/ports/observer.ts';
import type { PartitionStatus } from '../../src/postgres/status.ts';

const NOW = 1_000_000;

const report = (given: Partial<PartitionReport>): PartitionReport => ({
  ...{ partition: 0, phase: 'running', epoch: 3, nextOffset: 90, end: 100, drainedAt: null, arrivalClock: NOW - 10 },
  ...{ eventClock: NOW - 20, watermark: NOW - 80, openVisits: 7, nextDue: null, backlogMessages: 0, backlogBytes: 5 },
  ...{ backlogSince: NOW - 1, counts: { ...noCounts(), late: 1 }, waits: [], storeCallSince: null },
  ...given,
});

const status = (given: Partial<PartitionStatus>): PartitionStatus => ({
  ...{ partition: 0, epoch: 2, started: true, nextOffset: 50, arrivalClock: NOW - 500, eventClock: NOW - 600 },
  ...{ anticipatedTo: null, sequence: 0, published: 0, counts: noCounts(), owner: 'other:1', ownerConnected: true },
  ...{ openVisits: 2, outboxRows: 0, outboxBytes: 0, updatedAt: new Date(NOW - 400) },
  ...given,
});

const views = (known: Partial<PartitionSources>) =>
  partitionViews({ reports: [], status: [], self: 'me:2', outOfOrderness: 60, now: NOW, ...known });

describe('a partition', () => {
  test('of ours is as the fold has it now, whatever was committed', () => {
    const [view] = views({ reports: [report({})], status: [status({})] });
    expect(view).toMatchObject({ ours: true, phase: 'running', owner: 'me:2', lag: 10, openVisits: 7, at: NOW });
    expect(view).toMatchObject({ watermark: NOW - 80, eventClock: NOW - 20, arrivalClock: NOW - 10 });
  });

  test('of another instance is as it committed it, and its lag is not made up', () => {
    const [view] = views({ status: [status({})] });
    expect(view).toMatchObject({
      ours: false,
      phase: 'elsewhere',
      owner: 'other:1',
      end: null,
      lag: null,
      openVisits: 2,
    });
    expect(view).toMatchObject({ watermark: NOW - 660, at: NOW - 400 });
  });

  test('whose owner is gone is nobody’s', () => {
    expect(views({ status: [status({ ownerConnected: false })] })[0]!.phase).toBe('nobody');
    expect(views({ status: [status({ owner: null, ownerConnected: false })] })[0]!.phase).toBe('nobody');
  });

  test('that is being taken over shows what was committed, that it is ours, and what holds it back', () => {
    const waits = [{ for: 'store', since: NOW, why: 'is to be taken over again: Postgres is away' } as const];
    const taking = report({ phase: 'taking over', nextOffset: null, end: null, waits });
    const [view] = views({ reports: [taking], status: [status({})] });
    const expected = { ours: true, phase: 'taking over', nextOffset: 50, openVisits: 2, waits };
    expect(view).toMatchObject(expected);
  });

  test('that publishes nothing has the reason, though it is folded', () => {
    const waits = [{ for: 'output', since: NOW, why: 'is not published: no broker' } as const];
    expect(views({ reports: [report({ waits })] })[0]!.waits).toEqual(waits);
  });

  test('stands in order with the others, each once', () => {
    const known = {
      reports: [report({ partition: 2 })],
      status: [status({ partition: 10 }), status({ partition: 2 })],
    };
    expect(views(known).map(({ partition, ours }) => [partition, ours])).toEqual([
      [2, true],
      [10, false],
    ]);
  });

  test('never folded has no clocks', () => {
    const fresh = status({ started: false, arrivalClock: null, eventClock: null });
    expect(views({ status: [fresh] })[0]).toMatchObject({ nextOffset: null, watermark: null, arrivalClock: null });
  });
});
