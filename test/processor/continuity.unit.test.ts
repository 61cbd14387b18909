import { describe, expect, test } from '@jest/globals';
import type { InputLog } from '../../src/ports/log.ts';
import type { RawRecord } from '../../src/ports/record.ts';
import { Continuity } from '../../src/processor/continuity.ts';
import { digestOf } from '../../src/processor/record-digest.ts';
import type { Clock } from '../../src/time/clock.ts';

const continuity = new Continuity(null as unknown as InputLog, null as unknown as Clock, 'tracks', 3);
const record = (offset: number, value: string): RawRecord => ({
  ...{ partition: 3, offset, timestamp: 1_000, key: null, value: Buffer.from(value), headers: [] },
});

describe('the record folded last', () => {
  const folded = digestOf(record(7, 'folded'));
  // Folding goes on at 10: 8 and 9 are markers of transactions.
  const verify = (...records: RawRecord[]) => continuity.verify(folded, records, 10);

  test('is recognised', () => {
    expect(verify(record(7, 'folded'), record(10, 'next'))).toBe('same');
  });

  test.each([
    ['and nothing is behind it', []],
    ['and something is behind it', [record(12, 'next')]],
  ])('may be gone, as compaction leaves it, %s', (_, records) => {
    expect(verify(...records)).toBe('gone');
  });

  test('must not be another', () => {
    expect(() => verify(record(7, 'other'))).toThrow(
      /^partition 3 of tracks: offset 7 holds another record than the one folded there\. The topic was made anew: /,
    );
  });

  test('is not gone where a record stands that was not there before', () => {
    expect(() => verify(record(9, 'folded'))).toThrow(/offset 9 holds another record/);
  });
});
