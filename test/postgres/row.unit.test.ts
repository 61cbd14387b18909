import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { SharedTexts, SharedValues } from '../../src/postgres/shared.ts';

test('a text is read as it stands, whatever was read before it', () => {
  const texts = new SharedTexts();
  const some = fc.array(fc.oneof(fc.string({ unit: 'grapheme', maxLength: 60 }), fc.nat(20_000).map(String)), {
    maxLength: 200,
  });
  fc.assert(
    fc.property(some, (given) => {
      const read = given.map((text) => {
        const bytes = Buffer.from(`<${text}>`);
        return texts.at(bytes, 1, bytes.length - 1);
      });
      expect(read).toStrictEqual(given.map((text) => text.toWellFormed()));
    }),
    { numRuns: 300 },
  );
});

test('a value is made once while its key is remembered, and how many are remembered is bounded', () => {
  const values = new SharedValues<object>();
  const first = values.get('key', () => ({}));
  expect(values.get('key', () => ({}))).toBe(first);
  for (let i = 0; i < 10_000; i += 1) values.get(`other ${i}`, () => ({}));
  expect(values.get('key', () => ({}))).not.toBe(first);
});
