import { LONG_ROOM, putCount } from '../bytes/varint.ts';
import { PackedId } from '../core/memory/event-ids.ts';

/**
 * A growing buffer of what Postgres' binary formats are made of: integers big end first, texts in UTF-8. Written by
 * index, which is faster than Buffer's own methods for the short fields that rows are made of.
 */
export class ByteWriter {
  protected buffer: Buffer;
  protected at = 0;
  /** Where what `position` counts from begins. */
  protected start = 0;

  constructor(buffer: Buffer = Buffer.allocUnsafe(1024)) {
    this.buffer = buffer;
  }

  get position(): number {
    return this.at - this.start;
  }

  /** What was written so far; valid until the next write. */
  bytes(): Buffer {
    return this.buffer.subarray(this.start, this.at);
  }

  byte(value: number): void {
    this.ensure(1);
    this.buffer[this.at++] = value;
  }

  int16(value: number): void {
    this.ensure(2);
    this.buffer[this.at++] = value >>> 8;
    this.buffer[this.at++] = value;
  }

  int32(value: number): void {
    this.ensure(4);
    this.put32(this.at, value);
    this.at += 4;
  }

  int64(value: number): void {
    this.ensure(8);
    if (!Number.isSafeInteger(value)) throw new RangeError(`${value} is no integer that a number holds exactly`);
    const high = Math.floor(value / 2 ** 32);
    this.put32(this.at, high);
    this.put32(this.at + 4, value - high * 2 ** 32);
    this.at += 8;
  }

  /** Microseconds since 2000, which is how Postgres holds a time. @param ms since 1970 */
  time(ms: number): void {
    const micros = (ms - POSTGRES_EPOCH) * 1000;
    if (Number.isSafeInteger(micros)) {
      this.int64(micros);
    } else {
      this.ensure(8);
      this.buffer.writeBigInt64BE((BigInt(ms) - BigInt(POSTGRES_EPOCH)) * 1000n, this.at);
      this.at += 8;
    }
  }

  /** @param ms since 1970, below 2^48: 6 bytes, which is up to the year 10889 */
  time48(ms: number): void {
    if (!(Number.isInteger(ms) && ms >= 0 && ms < 2 ** 48)) throw new RangeError(`${ms} is no time that 6 bytes hold`);
    this.ensure(6);
    const high = Math.floor(ms / 2 ** 32);
    this.buffer[this.at] = high >>> 8;
    this.buffer[this.at + 1] = high;
    this.put32(this.at + 2, ms - high * 2 ** 32);
    this.at += 6;
  }

  /** @param value from 0 to 2^53 */
  varint(value: number): void {
    if (!(value >= 0 && value <= Number.MAX_SAFE_INTEGER)) throw new RangeError(`${value} is no varint`);
    this.ensure(LONG_ROOM);
    this.at = putCount(this.buffer, this.at, value);
  }

  raw(bytes: Uint8Array): void {
    this.ensure(bytes.length);
    this.buffer.set(bytes, this.at);
    this.at += bytes.length;
  }

  /** The text's bytes; how many there are. */
  utf8(text: string): number {
    const { length } = text;
    this.ensure(length * 3);
    const buffer = this.buffer;
    const start = this.at;
    if (length > SHORT) {
      this.at += buffer.write(text, start);
      return this.at - start;
    }
    for (let i = 0; i < length; i += 1) {
      const code = text.charCodeAt(i);
      if (code >= 0x80) {
        this.at = start + buffer.write(text, start);
        return this.at - start;
      }
      buffer[start + i] = code;
    }
    this.at += length;
    return length;
  }

  /** The number of the text's bytes as a varint, and the bytes. */
  measured(text: string): void {
    if (text.length > SURELY_ONE_BYTE) {
      this.varint(Buffer.byteLength(text));
      this.utf8(text);
      return;
    }
    this.byte(0);
    const length = this.utf8(text);
    this.buffer[this.at - length - 1] = length;
  }

  /** The text as a JSON string. What is half of a surrogate pair becomes U+FFFD, as in UTF-8: Postgres refuses its escape. */
  json(text: string): void {
    const { length } = text;
    if (length > SHORT) {
      this.utf8(JSON.stringify(text.toWellFormed()));
      return;
    }
    this.ensure(length + 2);
    const { buffer } = this;
    const start = this.at;
    buffer[start] = QUOTE;
    for (let i = 0; i < length; i += 1) {
      const code = text.charCodeAt(i);
      if (code < 0x20 || code >= 0x7f || code === QUOTE || code === BACKSLASH) {
        this.utf8(JSON.stringify(text.toWellFormed()));
        return;
      }
      buffer[start + 1 + i] = code;
    }
    buffer[start + 1 + length] = QUOTE;
    this.at = start + length + 2;
  }

  /**
   * The 16 bytes of a UUID in canonical form, lower case, which is the form that comes back from Postgres. Writes
   * nothing and returns false where the text is anything else.
   */
  uuid(text: string): boolean {
    return this.id(parsed.set(text));
  }

  /** The same of an id that is held as integers; false where it is no UUID. */
  id({ isUuid, a, b, c, d }: PackedId): boolean {
    if (!isUuid) return false;
    this.ensure(16);
    this.put32(this.at, a);
    this.put32(this.at + 4, b);
    this.put32(this.at + 8, c);
    this.put32(this.at + 12, d);
    this.at += 16;
    return true;
  }

  /** Forgets what was written at and after `position`. */
  cut(position: number): void {
    this.at = this.start + position;
  }

  /** Leaves room for an int32 and returns its position, for `patch`. */
  hole(): number {
    this.ensure(4);
    this.at += 4;
    return this.at - 4 - this.start;
  }

  /** Writes the number of bytes that followed `hole()` into it. */
  patch(hole: number): void {
    this.put32(this.start + hole, this.at - this.start - hole - 4);
  }

  /** Writes over what is at `position`. */
  set32(position: number, value: number): void {
    this.put32(this.start + position, value);
  }

  /** Room for `more` bytes at least. */
  protected grow(more: number): void {
    const larger = Buffer.allocUnsafe(Math.max(this.buffer.length * 2, this.at + more));
    this.buffer.copy(larger, 0, 0, this.at);
    this.buffer = larger;
  }

  private ensure(more: number): void {
    if (this.at + more > this.buffer.length) this.grow(more);
  }

  private put32(at: number, value: number): void {
    const { buffer } = this;
    buffer[at] = value >>> 24;
    buffer[at + 1] = value >>> 16;
    buffer[at + 2] = value >>> 8;
    buffer[at + 3] = value;
  }
}

/** A text of so many units has less than 128 bytes. */
const SURELY_ONE_BYTE = 42;
/** Beyond this length Buffer.write is faster than a loop. */
const SHORT = 48;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const POSTGRES_EPOCH = Date.UTC(2000, 0, 1);
const parsed = new PackedId();
