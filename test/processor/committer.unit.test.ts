import pino from 'pino';
import type { Partition } from '../../src/core/partition.ts';
import type { RawRecord } from '../../src/ports/record.ts';
import type { Lease } from '../../src/ports/store.ts';
import { type CommitMemory, Committer } from '../../src/processor/committer.ts';
import type { Publisher } from '../../src/processor/publisher.ts';
import { VirtualClock } from './support/virtual-clock.ts';

const record = {} as RawRecord;

function committerWith(memory: CommitMemory): Committer {
  const fold = { nextOffset: 0, largeBytes: 0, counts: { records: 0 } };
  return new Committer({
    lease: { started: true, lastRecord: null, published: 0 } as unknown as Lease<RawRecord>,
    fold: fold as unknown as Partition<RawRecord>,
    publisher: { position: 0 } as unknown as Publisher<RawRecord>,
    schemas: { toStore: () => [], stored: () => {} } as never,
    outgoing: { add: () => {}, take: () => null },
    endOffset: () => 0,
    interval: 1_000,
    maxBytes: 100,
    memory,
    clock: new VirtualClock(0),
    logger: pino({ level: 'silent' }),
    observer: {} as never,
    onDone: () => {},
  });
}

test('a commit is full by what its own partition has folded', () => {
  const committer = committerWith({ maxBytes: 1_000, usedBytes: 0 });
  committer.folded(record, 99);
  expect(committer.isFull).toBe(false);
  committer.folded(record, 1);
  expect(committer.isFull).toBe(true);
});

test('a commit is full by what all partitions have folded, if its own has anything', () => {
  const memory = { maxBytes: 120, usedBytes: 0 };
  const [one, two, idle] = [committerWith(memory), committerWith(memory), committerWith(memory)];
  one.folded(record, 60);
  two.folded(record, 59);
  expect([one, two, idle].map(({ isFull }) => isFull)).toEqual([false, false, false]);
  two.folded(record, 1);
  expect([one, two, idle].map(({ isFull }) => isFull)).toEqual([true, true, false]);
});

test('what a partition that is given up had folded counts no more', () => {
  const memory = { maxBytes: 120, usedBytes: 0 };
  const [one, two] = [committerWith(memory), committerWith(memory)];
  one.folded(record, 90);
  two.folded(record, 40);
  expect(two.isFull).toBe(true);
  one.close();
  expect(two.isFull).toBe(false);
  expect(memory.usedBytes).toBe(40);
});
