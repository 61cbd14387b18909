/**
 * Whole numbers as varints: seven bits a byte, the lowest first, and the highest bit of a byte is set where another
 * follows. A count is not negative and stands as it is; a long has its sign in the lowest bit ("zigzag"), as Avro's int
 * and long and the numbers of a Kafka record have.
 *
 * Invariant: nothing here checks for room, nor for an end. A writer has made sure of room for a whole message at once: a
 * buffer that grew by itself cost as much as the writing. A reader compares `at` with its end after it has read.
 *
 * The cursor of Avro (wire/cursor.ts) reads by itself: it refuses what is longer than Avro allows, number by number.
 */

/** Most bytes of a number. */
export const LONG_ROOM = 10;

/** @returns where it ends. @throws RangeError where it is no safe integer. */
export function putLong(buf: Buffer, at: number, value: number): number {
  if ((value | 0) !== value) return putLargeLong(buf, at, value);
  let left = ((value << 1) ^ (value >> 31)) >>> 0;
  let end = at;
  while (left > 0x7f) {
    buf[end++] = (left & 0x7f) | 0x80;
    left >>>= 7;
  }
  buf[end++] = left;
  return end;
}

function putLargeLong(buf: Buffer, at: number, value: number): number {
  if (!Number.isSafeInteger(value)) {
    throw new RangeError(`${value} is not a whole number that Avro's long can hold here`);
  }
  // Twice the value would not be exact for all: 27 bits of it and the sign make the first four bytes.
  const whole = value < 0 ? -(value + 1) : value;
  const low = (whole % 2 ** 27) * 2 + (value < 0 ? 1 : 0);
  buf[at] = (low & 0x7f) | 0x80;
  buf[at + 1] = ((low >>> 7) & 0x7f) | 0x80;
  buf[at + 2] = ((low >>> 14) & 0x7f) | 0x80;
  buf[at + 3] = (low >>> 21) | 0x80;
  return putCount(buf, at + 4, Math.floor(whole / 2 ** 27));
}

/** @returns where it ends. */
export function putCount(buf: Buffer, at: number, value: number): number {
  let left = value;
  let end = at;
  while (left > 0x7fffffff) {
    buf[end++] = (left % 128) | 0x80;
    left = Math.floor(left / 128);
  }
  while (left > 0x7f) {
    buf[end++] = (left & 0x7f) | 0x80;
    left >>>= 7;
  }
  buf[end++] = left;
  return end;
}

/** Bytes of a count below 2^35. */
export function sizeOfCount(value: number): number {
  return value < 2 ** 7 ? 1 : value < 2 ** 14 ? 2 : value < 2 ** 21 ? 3 : value < 2 ** 28 ? 4 : 5;
}

/** Bytes of a long between -2^34 and 2^34. */
export function sizeOfLong(value: number): number {
  return sizeOfCount(value < 0 ? -2 * value - 1 : 2 * value);
}

/** Reads on from `at`, which moves behind what was read. Past the end of the bytes it reads zeros. */
export class VarintReader {
  at = 0;

  count(bytes: Buffer): number {
    let value = 0;
    for (let scale = 1; scale < 2 ** 63; scale *= 128) {
      const byte = bytes[this.at++]!;
      value += (byte & 0x7f) * scale;
      if (!(byte >= 0x80)) break;
    }
    return value;
  }

  long(bytes: Buffer): number {
    let byte = bytes[this.at++]!;
    if (byte < 0x80) return (byte >>> 1) ^ -(byte & 1);
    let low = byte & 0x7f;
    for (let shift = 7; shift < 28; shift += 7) {
      byte = bytes[this.at++]!;
      low |= (byte & 0x7f) << shift;
      if (!(byte >= 0x80)) return (low >>> 1) ^ -(low & 1);
    }
    let high = 0;
    for (let scale = 1; byte >= 0x80 && scale < 2 ** 42; scale *= 128) {
      byte = bytes[this.at++]!;
      high += (byte & 0x7f) * scale;
    }
    const half = high * 2 ** 27 + (low >>> 1);
    return (low & 1) === 1 ? -half - 1 : half;
  }
}
