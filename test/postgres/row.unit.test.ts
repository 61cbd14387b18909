import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { SpanCache, TextCache, ValueCache } from '../../src/postgres/caches.ts';

test('a text is read as it stands, whatever was read before it', () => {
  const texts = new TextCache();
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
  const values = new ValueCache<object>();
  const first = values.get('key', () => ({}));
  expect(values.get('key', () => ({}))).toBe(first);
  for (let i = 0; i < 10_000; i += 1) values.get(`other ${i}`, () => ({}));
  expect(values.get('key', () => ({}))).not.toBe(first);
});

test('bytes are read once while they are remembered, and never taken for others, or for others in kind', () => {
  const lengths = fc.integer({ min: 0, max: 600 });
  const span = fc.record({ seed: fc.nat(40), length: fc.oneof(fc.nat(12), lengths), kind: fc.nat(1) });
  const spans = new SpanCache<string>();
  const bytes = Buffer.concat([Buffer.from('...'), Buffer.alloc(700)]).subarray(3);
  const at = { view: new DataView(bytes.buffer), base: bytes.byteOffset };
  fc.assert(
    fc.property(fc.array(span, { maxLength: 40 }), (given) => {
      for (const { seed, length, kind } of given) {
        bytes.fill(seed);
        const make = (): string => `${kind} ${bytes.toString('hex', 5, 5 + length)}`;
        expect(spans.at(at, 5, length, kind, make)).toBe(make());
      }
    }),
    { numRuns: 200 },
  );
  let made = 0;
  const make = (): string => {
    made += 1;
    // Other bytes may be met while these are read.
    return spans.at(at, 0, 9, 0, () => 'other');
  };
  bytes.fill(200);
  for (let i = 0; i < 3; i += 1) spans.at(at, 0, 20, 0, make);
  expect(made).toBe(1);
});
