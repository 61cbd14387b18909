import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { RawRecord } from '../../src/ports/record.ts';
import { Inbox } from '../../src/processor/inbox.ts';

const record = (offset: number): RawRecord =>
  ({ offset, timestamp: 0, key: null, value: Buffer.alloc(1), headers: [] }) as unknown as RawRecord;

test('what is taken out is what was put in, without a hole, in pieces that are as large as was asked for', () => {
  const arrivals = fc.array(fc.record({ records: fc.nat(5), hole: fc.nat(2) }), { maxLength: 12 });
  fc.assert(
    fc.property(arrivals, fc.integer({ min: 1, max: 8 }), (given, enough) => {
      const inbox = new Inbox();
      inbox.reset(100);
      let offset = 100;
      const offered: number[] = [];
      for (const { records, hole } of given) {
        const from = offset;
        const content = Array.from({ length: records }, () => record(offset++));
        offered.push(...content.map((each) => each.offset));
        offset += hole;
        expect(inbox.offer({ from, next: offset, records: content })).toBe(true);
      }
      const taken: number[] = [];
      let next = 100;
      for (let arrival = inbox.dequeue(enough); arrival !== null; arrival = inbox.dequeue(enough)) {
        expect(arrival.from).toBe(next);
        next = arrival.next;
        taken.push(...arrival.records.map((each) => each.offset));
        if (!inbox.isEmpty) expect(arrival.records.length).toBeGreaterThanOrEqual(enough);
      }
      expect(next).toBe(offset);
      expect(taken).toEqual(offered);
    }),
  );
});

test('what does not begin where the last one ended stays out', () => {
  const inbox = new Inbox();
  inbox.reset(5);
  expect(inbox.offer({ from: 6, next: 7, records: [record(6)] })).toBe(false);
  expect(inbox.offer({ from: 5, next: 6, records: [record(5)] })).toBe(true);
  expect(inbox.offer({ from: 5, next: 6, records: [record(5)] })).toBe(false);
  expect(inbox.dequeue(10)?.next).toBe(6);
  expect(inbox.dequeue(10)).toBeNull();
});
