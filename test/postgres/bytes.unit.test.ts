import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ByteWriter } from '../../src/postgres/bytes.ts';

/** Around the length from which on one byte may not tell how many there are. */
const texts = fc.string({ unit: 'grapheme-composite', minLength: 0, maxLength: 140, size: 'max' });
const wide = fc.integer({ min: 0, max: 70 }).map((units) => '\u20ac'.repeat(units));

test('a text is written behind the number of its bytes', () => {
  fc.assert(
    fc.property(fc.oneof(texts, wide), (text) => {
      const [out, expected] = [new ByteWriter(), new ByteWriter()];
      out.measured(text);
      expected.varint(Buffer.byteLength(text));
      expected.raw(Buffer.from(text));
      expect(out.bytes().equals(expected.bytes())).toBe(true);
    }),
    { numRuns: 1_000 },
  );
});
