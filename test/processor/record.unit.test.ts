import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { FetchedRecord, keyIs } from '../../src/ports/record.ts';
import { sizeOf } from '../../src/processor/memory-estimate.ts';

/** A record that lies somewhere in the middle of what was fetched. */
function lying(key: Buffer | null, value: Buffer | null): FetchedRecord {
  const bytes = Buffer.concat([Buffer.from('..'), key ?? Buffer.alloc(0), value ?? Buffer.alloc(0), Buffer.from('..')]);
  const keyEnd = 2 + (key?.length ?? 0);
  const valueEnd = keyEnd + (value?.length ?? 0);
  return new FetchedRecord(7, 8, bytes, key ? 2 : -1, keyEnd, value ? keyEnd : -1, valueEnd, []);
}

const text = fc.oneof(fc.string({ maxLength: 5 }), fc.string({ unit: 'binary', maxLength: 5 }));

describe('a record that is read where it lies', () => {
  test('has the key that a record on its own has, where it is compared', () => {
    fc.assert(
      fc.property(text, text, fc.boolean(), (key, other, same) => {
        const id = (same ? key : other).toWellFormed();
        for (const bytes of [Buffer.from(key), Buffer.from(key, 'latin1')]) {
          expect(keyIs(lying(bytes, null), id)).toBe(bytes.toString() === id);
          const alone = { offset: 0, timestamp: 0, key: bytes, value: null, headers: [] };
          expect(keyIs(alone, id)).toBe(bytes.toString() === id);
        }
      }),
    );
    expect(keyIs(lying(null, Buffer.alloc(1)), '')).toBe(false);
    // A byte that would be that character in another encoding is not it.
    expect(keyIs(lying(Buffer.from([0xe9]), null), 'é')).toBe(false);
  });

  test('takes the room that a record on its own takes', () => {
    for (const [key, value] of [
      [null, null],
      ['', ''],
      ['k', null],
      [null, 'value'],
      ['key', 'v'],
    ] as const) {
      const parts = { key: key === null ? null : Buffer.from(key), value: value === null ? null : Buffer.from(value) };
      const record = lying(parts.key, parts.value);
      expect([record.key, record.value]).toEqual([parts.key, parts.value]);
      expect(sizeOf(record)).toBe(sizeOf({ offset: 7, timestamp: 8, headers: [], ...parts }));
    }
  });
});
