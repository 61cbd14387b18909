import { describe, expect, test } from '@jest/globals';
import { holdOf, type Observation } from '../../src/cli/status/hold.ts';
import { caughtUpIn, paces, type Snapshot } from '../../src/cli/status/pace.ts';
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

  test('without Kafka the lag is not known, and is not shown as nothing', () => {
    const rows = statusRows([state()], null, 0);
    expect(rows[0]!.lag).toBeNull();
    expect(statusTable(rows)).toMatch(/lag not known/);
  });

  test('the table shows what to look at: partitions without a processor and wrong anticipations', () => {
    const gone = state({ partition: 1, ownerConnected: false, counts: { ...noCounts(), anticipationsWrong: 2 } });
    const table = statusTable(statusRows([state(), gone], new Map(), 0));
    expect(table).toMatch(/host:1 {2}/);
    expect(table).toMatch(/host:1 \(gone\) {2}/);
    expect(table).toMatch(/1 of 2 partitions have no processor/);
    expect(table).toMatch(/2 anticipations were wrong/);
    expect(table).toMatch(/4 messages to send/);
  });

  test('while the brokers do not answer, there is no advice to start a processor', () => {
    const rows = statusRows([state({ ownerConnected: false })], null, 0);
    const held = rows.map((row) => ({ ...row, hold: { kind: 'brokers', text: 'the brokers do not answer' } as const }));
    expect(statusTable(held)).toMatch(/held back by[\s\S]*the brokers do not answer[\s\S]*can be reached/);
    expect(statusTable(held)).not.toMatch(/no processor/);
  });

  test('who has a partition and is not connected to Postgres is not to be started', () => {
    const rows = statusRows([state({ ownerConnected: false })], new Map(), 0);
    const held = rows.map((row) => ({ ...row, hold: { kind: 'store', text: 'host:1 has it' } as const }));
    expect(statusTable(held)).toMatch(/Postgres holds up/);
    expect(statusTable(held)).not.toMatch(/tidemark run/);
  });

  const reading = (seconds: number, nextOffset: number, end: number, of: Partial<PartitionStatus> = {}): Snapshot => ({
    troubles: [],
    brokers: 'answer',
    holders: null,
    at: seconds * 1_000,
    partitions: [state({ nextOffset, updatedAt: new Date(seconds * 1_000), ...of })],
    bounds: new Map([[0, { earliest: 0, end }]]),
  });

  test('the pace is reckoned from commits, whenever it was read between them', () => {
    const readings = [reading(100, 1_000, 9_000), { ...reading(104, 5_000, 9_400), at: 104_900 }];
    const pace = paces(readings).get(0)!;
    expect(pace.folded).toBe(1_000);
    expect(pace.arriving).toBeCloseTo(400 / 4.9);
    expect(caughtUpIn(4_400, { folded: 1_000, arriving: 120 })).toBe(5_000);
  });

  test('a pace that is not known is not shown', () => {
    const same = reading(100, 1_000, 9_000);
    expect(paces([same, { ...same, at: 105_000 }]).size).toBe(0);
    expect(paces([same, reading(104, 10, 9_000, { epoch: 4 })]).size).toBe(0);
    const idle = { ...reading(100, 1_000, 9_000), at: 500_000 };
    expect(paces([idle, reading(501, 5_000, 9_000)]).size).toBe(0);
    expect(caughtUpIn(4_400, { folded: 100, arriving: 120 })).toBeNull();
    expect(caughtUpIn(4_400, undefined)).toBeNull();
  });

  const row = {
    partition: 0,
    end: 100,
    lag: 600,
    owner: 'host:1',
    ownerConnected: true,
    outboxBytes: 0,
    outboxMessages: 0,
  };
  const seen: Observation = {
    ...{ pace: undefined, behind: true, watched: 6_000, schema: null, outboxMaxBytes: 1_000 },
    ...{ brokers: 'answer', waits: [], at: 1_012_000, holders: null },
  };
  const waits = [
    { partition: 0, for: 'store', since: 1_000_000, why: 'waits for Postgres: a commit is not answered' },
  ] as const;
  const holders = { settled: true, members: 2, byPartition: new Map([[0, 'host:2']]) };

  test.each<[string, Partial<Parameters<typeof holdOf>[0]>, Partial<Observation>]>([
    ['no processor: host:1 is gone', { ownerConnected: false }, {}],
    ['the brokers do not answer', { ownerConnected: false, end: null, lag: null }, { brokers: 'away' }],
    ['it has no leader that answers', { end: null, lag: null }, {}],
    ['no processor: host:1 is gone', { ownerConnected: false, end: null, lag: null }, { brokers: 'refuse' }],
    ['outbox full: 7 messages wait to be published', { outboxBytes: 1_001, outboxMessages: 7 }, {}],
    ['waiting for a schema: id 3: no answer', {}, { schema: 'id 3: no answer' }],
    ['stands still: no commit for 6 s, and host:1 has not said why: see its /readyz and its log', {}, {}],
    ['waits for Postgres: a commit is not answered, for 12 s', {}, { waits }],
    [
      'waits for Postgres: a commit is not answered, for 12 s',
      { lag: 0, ownerConnected: false },
      { waits, behind: false },
    ],
    [
      'host:2 has it, and is not connected to Postgres: it takes it over as soon as it can',
      { ownerConnected: false },
      { holders },
    ],
    ['no processor: host:1 is gone', { partition: 1, ownerConnected: false }, { holders }],
    [
      'the consumer group deals its partitions out anew',
      { ownerConnected: false },
      { holders: { settled: false, members: 1, byPartition: new Map() } },
    ],
    [
      'no processor: host:1 is gone',
      { ownerConnected: false },
      { holders: { settled: false, members: 0, byPartition: new Map() } },
    ],
    ['catching up: 14 records/s, about 60 s left', {}, { pace: { folded: 14.2, arriving: 4.2 } }],
    ['falling behind: 10 records/s folded, 12 come', {}, { pace: { folded: 10, arriving: 12 } }],
    ['a backlog: how fast it goes was not measured', {}, { watched: 0 }],
  ])('what holds a partition back is said: %s', (text, ofRow, ofSeen) => {
    expect(holdOf({ ...row, ...ofRow }, { ...seen, ...ofSeen })?.text).toBe(text);
  });

  test('live traffic that lies between two commits holds nothing back', () => {
    expect(holdOf(row, { ...seen, behind: false })).toBeNull();
    expect(holdOf({ ...row, lag: 0 }, seen)).toBeNull();
  });
});
