/**
 * Writes at a position of a buffer; each function returns where it ended. Invariant: nothing here checks for room: the
 * caller has made sure of it for a whole message at once, as with the numbers (bytes/varint.ts).
 */

import { putLong, sizeOfLong } from '../bytes/varint.ts';

export { LONG_ROOM, putLong } from '../bytes/varint.ts';

/** Most bytes of a text. */
export const textRoom = (text: string | null): number => (text === null ? 1 : 5 + text.length * 3);

/** The second branch of a union, as Avro writes the number 1. */
export const SOME = 2;

/** A union of null and a string, in that order. */
export function putNullable(buf: Buffer, at: number, text: string | null): number {
  buf[at] = text === null ? 0 : SOME;
  return text === null ? at + 1 : putText(buf, at + 1, text);
}

/** Shorter texts are written character by character: a call of the buffer's own writer takes as long as ten. */
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
  // Most texts are ASCII: the text is written where it stands if this one is, and its length once it is known.
  const guess = at + sizeOfLong(text.length);
  // `utf8Write` is `write` without its checks of arguments, which take as long as the writing.
  const bytes = (buf as unknown as Utf8).utf8Write(text, guess);
  const start = at + sizeOfLong(bytes);
  if (start !== guess) buf.copyWithin(start, guess, guess + bytes);
  putLong(buf, at, bytes);
  return start + bytes;
}

/** Up to so many bytes are copied one by one. */
const FEW = 24;

export function putBytes(buf: Buffer, at: number, bytes: Buffer): number {
  const { length } = bytes;
  if (length > FEW) buf.set(bytes, at);
  else for (let i = 0; i < length; i += 1) buf[at + i] = bytes[i]!;
  return at + length;
}
