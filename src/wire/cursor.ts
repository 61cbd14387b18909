import { decodeUtf8 } from './text.ts';

/** The bytes do not follow the schema. */
export class Unreadable extends Error {
  override readonly name = 'Unreadable';
}

const NOTHING = Buffer.alloc(0);

/**
 * Reads Avro's primitives from bytes. Invariant: each read goes forward and never past the end, and what takes no bytes
 * is read a bounded number of times; so whatever the bytes are, reading ends, with a value or `Unreadable`.
 */
export class Cursor {
  buf: Buffer = NOTHING;
  pos = 0;
  /** End of what is read; more may lie behind it in `buf`. */
  end = 0;
  /** Records within records that are being moved over. */
  depth = 0;
  /** All of the memory that `buf` lies in, and where in it `buf` begins. */
  view: DataView = new DataView(NOTHING.buffer);
  base = NOTHING.byteOffset;

  /** Begins to read what lies in `bytes` from `pos` up to, not including, `end`. */
  open(bytes: Buffer, pos: number, end: number): void {
    if (bytes !== this.buf) {
      this.buf = bytes;
      this.base = bytes.byteOffset;
      const { buffer } = bytes;
      // Making a view takes longer than all other work per record.
      if (buffer !== this.view.buffer) this.view = new DataView(buffer);
    }
    this.pos = pos;
    this.end = end;
    this.depth = 0;
  }
}

function truncated(): Unreadable {
  return new Unreadable('the record ends before its last field');
}

/** Moves over bytes that are not looked at. */
export function skip(c: Cursor, bytes: number): void {
  const next = c.pos + bytes;
  if (!(bytes >= 0)) throw new Unreadable('a length is negative');
  if (next > c.end) throw truncated();
  c.pos = next;
}

/** An int or a long. JavaScript's numbers hold no more than 2^53 exactly: what is beyond is refused, not rounded. */
export function readLong(c: Cursor): number {
  const { pos } = c;
  if (pos < c.end) {
    const byte = c.buf[pos]!;
    if (byte < 0x80) {
      c.pos = pos + 1;
      return (byte >>> 1) ^ -(byte & 1);
    }
  }
  return readLongLong(c);
}

/** A function of its own, so that the short form is small enough to be inlined. */
function readLongLong(c: Cursor): number {
  const { buf, end } = c;
  let pos = c.pos;
  let low = 0;
  let shift = 0;
  let byte: number;
  do {
    if (pos >= end) throw truncated();
    byte = buf[pos++]!;
    low |= (byte & 0x7f) << shift;
    shift += 7;
  } while (byte >= 0x80 && shift < 28);
  if (byte < 0x80) {
    c.pos = pos;
    return (low >>> 1) ^ -(low & 1);
  }
  let high = 0;
  let scale = 1;
  for (let taken = 4; byte >= 0x80; taken++) {
    if (pos >= end) throw truncated();
    if (taken === 10) throw new Unreadable('a number takes more than 10 bytes');
    byte = buf[pos++]!;
    high += (byte & 0x7f) * scale;
    scale *= 128;
  }
  c.pos = pos;
  const half = high * 2 ** 27 + (low >>> 1);
  const value = (low & 1) === 1 ? -half - 1 : half;
  if (!Number.isSafeInteger(value)) throw new Unreadable('a long lies beyond 2^53');
  return value;
}

export function skipLong(c: Cursor): void {
  const { buf, end } = c;
  for (let taken = 0; taken < 10; taken++) {
    if (c.pos >= end) throw truncated();
    if (buf[c.pos++]! < 0x80) return;
  }
  throw new Unreadable('a number takes more than 10 bytes');
}

export function readBoolean(c: Cursor): boolean {
  const at = c.pos;
  skip(c, 1);
  const byte = c.buf[at]!;
  if (byte > 1) throw new Unreadable('a boolean is neither 0 nor 1');
  return byte === 1;
}

export function readFloat(c: Cursor): number {
  const at = c.pos;
  skip(c, 4);
  return c.view.getFloat32(c.base + at, true);
}

export function readDouble(c: Cursor): number {
  const at = c.pos;
  skip(c, 8);
  return c.view.getFloat64(c.base + at, true);
}

type Utf8Slice = { utf8Slice(start: number, end: number): string };

/** A string, or bytes as one; invalid UTF-8 becomes U+FFFD. */
export function readText(c: Cursor): string {
  const length = readLong(c);
  const at = c.pos;
  skip(c, length);
  // `utf8Slice` is `toString` without its checks of arguments, a quarter of its time; both ends are known to be inside.
  return (c.buf as unknown as Utf8Slice).utf8Slice(at, at + length);
}

/** The same with lone surrogates in place of invalid UTF-8: for ids and types, in which it is refused. */
export function readMarkedText(c: Cursor): string {
  const before = c.pos;
  const text = readText(c);
  if (!text.includes('\ufffd')) return text;
  const after = c.pos;
  c.pos = before;
  const length = readLong(c);
  c.pos = after;
  return decodeUtf8(c.buf.subarray(after - length, after));
}

export function skipText(c: Cursor): void {
  skip(c, readLong(c));
}

/** Items of the next block of an array or map; 0 after the last. */
export function readBlock(c: Cursor): number {
  const count = readLong(c);
  if (count >= 0) return count;
  skipLong(c);
  return -count;
}

/** Moves over the index of a union's null, if it comes next. @param nullByte that index; -1: there is no null. */
export function skipNull(c: Cursor, nullByte: number): boolean {
  if (nullByte < 0 || c.pos >= c.end || c.buf[c.pos] !== nullByte) return false;
  c.pos++;
  return true;
}

/** Moves over the index of what is not null, if it comes next. True where there is no null, and so no index. */
export function skipNonNull(c: Cursor, nullByte: number): boolean {
  if (nullByte < 0) return true;
  if (c.pos >= c.end || c.buf[c.pos] !== 2 - nullByte) return false;
  c.pos++;
  return true;
}
