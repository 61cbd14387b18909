/**
 * Writing at a place in a buffer: each function says where it ended. Invariant: nothing here looks for room; whoever
 * calls has made sure of it, for a whole message at once. A buffer that grew by itself cost as much as what it took.
 */

/** Most bytes of a number, and of a text. */
export const LONG_ROOM = 10;
export const textRoom = (text: string | null): number => (text === null ? 1 : 5 + text.length * 3);

/** An int or a long of Avro, which is also a varint of a Kafka record. @throws RangeError where it is no safe integer. */
export function putLong(buf: Buffer, at: number, value: number): number {
  if ((value | 0) !== value) return putVast(buf, at, value);
  let rest = ((value << 1) ^ (value >> 31)) >>> 0;
  let end = at;
  while (rest > 0x7f) {
    buf[end++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  buf[end++] = rest;
  return end;
}

function putVast(buf: Buffer, at: number, value: number): number {
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

/** A number that is not negative, seven bits a byte, the lowest first. */
export function putCount(buf: Buffer, at: number, value: number): number {
  let rest = value;
  let end = at;
  while (rest > 0x7fffffff) {
    buf[end++] = (rest % 128) | 0x80;
    rest = Math.floor(rest / 128);
  }
  while (rest > 0x7f) {
    buf[end++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  buf[end++] = rest;
  return end;
}

/** Bytes of a count below 2^28. */
export function sizeOfCount(value: number): number {
  return value < 2 ** 7 ? 1 : value < 2 ** 14 ? 2 : value < 2 ** 21 ? 3 : value < 2 ** 28 ? 4 : 5;
}

/** The same of a long that is not negative: twice the number, as the sign is its lowest bit. */
const sizeOfLength = (bytes: number): number => sizeOfCount(bytes * 2);

/** The second branch of a union, as Avro writes the number 1. */
export const SOME = 2;

/** A union of null and a string, in that order. */
export function putNullable(buf: Buffer, at: number, text: string | null): number {
  buf[at] = text === null ? 0 : SOME;
  return text === null ? at + 1 : putText(buf, at + 1, text);
}

/** Up to here a text is written character by character: a call of the buffer's own writer takes as long as ten. */
const SHORT = 10;

type Utf8 = { utf8Write(text: string, at: number): number };

/** A string of Avro, or of a Kafka record: its length in bytes and UTF-8. */
export function putText(buf: Buffer, at: number, text: string): number {
  const { length } = text;
  if (length > SHORT) return putLongText(buf, at, text);
  let end = at + 1;
  for (let i = 0; i < length; i += 1) {
    const unit = text.charCodeAt(i);
    if (unit > 0x7f) return putLongText(buf, at, text);
    buf[end++] = unit;
  }
  buf[at] = length << 1;
  return end;
}

function putLongText(buf: Buffer, at: number, text: string): number {
  // Most are ASCII: the length is written once it is known, where it would stand if this one were.
  const guess = at + sizeOfLength(text.length);
  // `write` without its checks of arguments, which take as long as the writing.
  const bytes = (buf as unknown as Utf8).utf8Write(text, guess);
  const start = at + sizeOfLength(bytes);
  if (start !== guess) buf.copyWithin(start, guess, guess + bytes);
  putLong(buf, at, bytes);
  return start + bytes;
}

/** Up to here bytes are copied one by one. */
const FEW = 24;

export function putBytes(buf: Buffer, at: number, bytes: Buffer): number {
  const { length } = bytes;
  if (length > FEW) buf.set(bytes, at);
  else for (let i = 0; i < length; i += 1) buf[at + i] = bytes[i]!;
  return at + length;
}
