import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { compileReader } from '../../src/wire/avro-reader.ts';
import { compileSkipper } from '../../src/wire/avro-skipper.ts';
import { parseSchema } from '../../src/wire/avro-type.ts';
import { Cursor, Unreadable } from '../../src/wire/cursor.ts';

/** Where it ends; -1 where the bytes are not what the schema says. */
function endOf(move: (c: Cursor) => unknown, bytes: Buffer, end: number): number {
  const cursor = new Cursor();
  cursor.open(bytes, 1, end);
  try {
    move(cursor);
  } catch (error) {
    if (error instanceof Unreadable) return -1;
    throw error;
  }
  return cursor.pos;
}

const field = (name: string, type: unknown) => ({ name, type });
const record = (...types: unknown[]) => ({
  type: 'record',
  name: 'R',
  fields: types.map((type, i) => field(`f${i}`, type)),
});
const text = ['null', 'string'];

test.each([
  record(text, text, text),
  record('string', ['string', 'null'], 'bytes'),
  record(text, record('string').fields[0]!.type, ['null', { type: 'map', values: 'string' }]),
  ['null', record(text, 'string')],
  { type: 'map', values: text },
])('what is moved over ends where it would if it were read: %j', (schema) => {
  const type = parseSchema(JSON.stringify(schema), true);
  const skip = compileSkipper(type);
  // Bytes are read as texts.
  const read = compileReader(parseSchema(JSON.stringify(schema).replaceAll('bytes', 'string'), true), type);
  const byte = fc.oneof(
    { weight: 12, arbitrary: fc.constantFrom(0, 2, 4, 6) },
    { weight: 1, arbitrary: fc.constantFrom(1, 3, 5, 0x80, 0x81, 0x82, 0x84) },
    { weight: 1, arbitrary: fc.nat(255) },
  );
  let ended = 0;
  fc.assert(
    fc.property(fc.array(byte, { minLength: 1, maxLength: 24 }), fc.nat(3), (raw, less) => {
      const bytes = Buffer.from(raw);
      const end = Math.max(1, bytes.length - less);
      const at = endOf(read, bytes, end);
      expect(endOf(skip, bytes, end)).toBe(at);
      if (at > 0) ended++;
    }),
    { numRuns: 12_000 },
  );
  // Without which nothing of the above would have been looked at.
  expect(ended).toBeGreaterThan(50);
});

test('a text that is long, or whose length is written in more bytes than it needs', () => {
  const type = parseSchema(JSON.stringify(record(text, 'string')), true);
  const skip = compileSkipper(type);
  const read = compileReader(type, type);
  for (const length of [63, 64, 8_191, 8_192, 70_000]) {
    const varint = [length * 2];
    while (varint.at(-1)! > 127) varint.push(...[varint.pop()!].flatMap((n) => [(n & 127) | 128, n >>> 7]));
    for (const size of [
      varint,
      [...varint.slice(0, -1), varint.at(-1)! | 128, 0],
      [...varint.slice(0, -1), varint.at(-1)! | 128, 128, 0],
    ]) {
      const bytes = Buffer.concat([Buffer.from([9, 2, ...size]), Buffer.alloc(length), Buffer.from([0])]);
      for (const end of [bytes.length, bytes.length - 1]) expect(endOf(skip, bytes, end)).toBe(endOf(read, bytes, end));
      expect(endOf(skip, bytes, bytes.length)).toBe(bytes.length);
    }
  }
});
