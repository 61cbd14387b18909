import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { LONG_ROOM, putCount, putLong, sizeOfCount, sizeOfLong, VarintReader } from '../../src/bytes/varint.ts';

const number = fc.oneof(fc.integer(), fc.maxSafeInteger(), fc.integer({ min: -300, max: 300 }));
const notNegative = fc.oneof(fc.nat(), fc.maxSafeNat(), fc.nat(300));
const buf = Buffer.alloc(2 * LONG_ROOM);

/** The same by the book, with integers of any size. */
function plainly(value: bigint): number[] {
  const bytes: number[] = [];
  let left = value;
  for (; left > 0x7fn; left >>= 7n) bytes.push(Number(left & 0x7fn) | 0x80);
  return [...bytes, Number(left)];
}

const zigzag = (value: bigint) => BigInt.asUintN(64, (value << 1n) ^ (value >> 63n));

describe('varints', () => {
  test('a long is written as the format says, and read back', () => {
    fc.assert(
      fc.property(number, (value) => {
        const end = putLong(buf, 3, value);
        expect([...buf.subarray(3, end)]).toEqual(plainly(zigzag(BigInt(value))));
        const input = new VarintReader();
        input.at = 3;
        expect(input.long(buf)).toBe(value);
        expect(input.at).toBe(end);
      }),
    );
  });

  test('a count is written as the format says, and read back', () => {
    fc.assert(
      fc.property(notNegative, (value) => {
        const end = putCount(buf, 3, value);
        expect([...buf.subarray(3, end)]).toEqual(plainly(BigInt(value)));
        const input = new VarintReader();
        input.at = 3;
        expect(input.count(buf)).toBe(value);
        expect(input.at).toBe(end);
      }),
    );
  });

  test.each([6, 7, 13, 14, 20, 21, 27, 28].flatMap((bits) => [2 ** bits - 1, 2 ** bits]))(
    'the size of %d is known before it is written',
    (value) => {
      expect(sizeOfCount(value)).toBe(putCount(buf, 0, value));
      expect(sizeOfLong(value)).toBe(putLong(buf, 0, value));
    },
  );

  test('a number that is not exact is refused', () => {
    expect(() => putLong(buf, 0, 2 ** 53)).toThrow(RangeError);
    expect(() => putLong(buf, 0, 0.5)).toThrow(RangeError);
  });

  test('a reader comes to an end past the end of the bytes, whatever they are', () => {
    const input = new VarintReader();
    input.count(Buffer.alloc(3, 0xff));
    expect(input.at).toBe(4);
    input.at = 0;
    input.long(Buffer.alloc(3, 0xff));
    expect(input.at).toBe(4);
    input.at = 0;
    input.count(Buffer.alloc(100, 0xff));
    expect(input.at).toBe(9);
  });
});
