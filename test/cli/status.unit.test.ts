import { describe, expect, test } from '@jest/globals';
import { statusRows, statusTable } from '../../src/cli/status-table.ts';
import { noCounts } from '../../src/core/changes.ts';
import type { PartitionStatus } from '../../src/postgres/status.ts';

const state = (given: Partial<PartitionStatus> = {}): PartitionStatus => ({
  partition: 0,
  epoch: 3,
  started: true,
  nextOffset: 90,
  arrivalClock: 1_767_225_600_000,
  eventClock: 1_767_225_600_000,
  anticipatedTo: null,
  sequence: 12,
  published: 10,
  counts: noCounts(),
  owner: 'host:1',
  ownerConnected: true,
  openVisits: 4,
  outboxRows: 1,
  outboxBytes: 700,
  updatedAt: new Date(0),
  ...given,
});

describe('status', () => {
  test('lag is what lies between the next offset and the end', () => {
    const [row] = statusRows([state()], new Map([[0, { earliest: 5, end: 100 }]]), 60_000);
    expect(row).toMatchObject({ nextOffset: 90, end: 100, lag: 10, watermark: 1_767_225_540_000, outboxMessages: 2 });
  });

  test('a partition that was never folded lags by all that it holds', () => {
    const rows = statusRows(
      [state({ started: false, nextOffset: 0 })],
      new Map([0, 1].map((n) => [n, { earliest: 5, end: 100 }])),
      0,
    );
    expect(rows).toMatchObject([
      { partition: 0, started: false, nextOffset: null, lag: 95 },
      { partition: 1, started: false, nextOffset: null, lag: 95, epoch: null },
    ]);
  });

  test('without Kafka the lag is not known, and is not said to be nothing', () => {
    const rows = statusRows([state()], null, 0);
    expect(rows[0]!.lag).toBeNull();
    expect(statusTable(rows)).toMatch(/lag not known/);
  });

  test('the table shows what to look at: partitions without a processor and wrong anticipations', () => {
    const gone = state({ partition: 1, ownerConnected: false, counts: { ...noCounts(), anticipationsWrong: 2 } });
    const table = statusTable(statusRows([state(), gone], new Map(), 0));
    expect(table).toMatch(/host:1\n/);
    expect(table).toMatch(/host:1 \(gone\)\n/);
    expect(table).toMatch(/1 of 2 partitions have no processor/);
    expect(table).toMatch(/2 anticipations were wrong/);
    expect(table).toMatch(/4 messages to send/);
  });
});
