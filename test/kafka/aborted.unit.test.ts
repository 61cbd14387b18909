import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type FetchedRecord, markAborted } from '../../src/kafka/aborted.ts';

type Step = { readonly producer: number; readonly what: 'data' | 'commit' | 'abort' };

const marker = (type: number) => {
  const key = Buffer.alloc(4);
  key.writeInt16BE(type, 2);
  return key;
};

/** A partition's log, and what a broker says of it: the transactions that were aborted in the end. */
function logOf(steps: readonly Step[]) {
  const open = new Map<number, number>();
  const aborted: { producerId: string; firstOffset: string; last: number }[] = [];
  const records: FetchedRecord[] = steps.map(({ producer, what }, offset) => {
    if (what === 'data' && !open.has(producer)) open.set(producer, offset);
    const first = open.get(producer);
    if (what !== 'data') open.delete(producer);
    if (what === 'abort' && first !== undefined) {
      aborted.push({ producerId: String(producer), firstOffset: String(first), last: offset });
    }
    return {
      offset: String(offset),
      key: what === 'data' ? marker(0) : marker(what === 'abort' ? 0 : 1),
      isControlRecord: what !== 'data',
      batchContext: { producerId: String(producer), inTransaction: true },
    };
  });
  const isAborted = (offset: number) =>
    steps[offset]!.what === 'data' &&
    aborted.some(
      (t) => Number(t.producerId) === steps[offset]!.producer && Number(t.firstOffset) <= offset && offset < t.last,
    );
  return { records, aborted, isAborted };
}

const steps = fc.array(
  fc.record({
    producer: fc.integer({ min: 1, max: 3 }),
    what: fc.constantFrom<Step['what']>('data', 'data', 'data', 'commit', 'abort'),
  }),
  { maxLength: 40 },
);

describe('records of aborted transactions', () => {
  test('are marked, and no others, wherever the fetch begins and in whatever order the broker lists them', () => {
    fc.assert(
      fc.property(steps, fc.nat(40), fc.nat(), (given, start, turn) => {
        const { records, aborted, isAborted } = logOf(given);
        const fetched = records.slice(start);
        // The broker lists those that touch what it gives out.
        const listed = aborted.filter(({ last }) => last >= start);
        const turned = listed.map((_, i) => listed[(i + turn) % listed.length]!);
        const wanted = fetched.filter((r) => !r.isControlRecord && !isAborted(Number(r.offset))).map((r) => r.offset);
        markAborted(fetched, turned);
        expect(fetched.filter((r) => !r.isControlRecord).map((r) => r.offset)).toEqual(wanted);
      }),
      { numRuns: 500 },
    );
  });

  test('do not take along what the same producer wrote outside a transaction', () => {
    const batchContext = { producerId: '1', inTransaction: false };
    const record: FetchedRecord = { offset: '5', key: null, isControlRecord: false, batchContext };
    markAborted([record], [{ producerId: '1', firstOffset: '2' }]);
    expect(record.isControlRecord).toBe(false);
  });
});
