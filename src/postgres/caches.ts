import { ByteCache, type Bytes } from '../bytes/byte-cache.ts';
import { BoundedMap } from '../core/memory/bounded-map.ts';

/**
 * Equal values as one object. Visits that are loaded repeat the same device, place and campaign over and over: shared
 * values are not made anew, and a million visits take a fraction of the memory.
 */

/** A text of more bytes is seldom met again. */
const LONGEST = 48;
/** A power of two. A text that falls into the slot of another replaces it. */
const SLOTS = 8_192;

/** Texts by their bytes, so that a known one is not decoded. */
export class TextCache {
  readonly #texts: (string | undefined)[] = new Array(SLOTS);
  readonly #bytes: (Buffer | undefined)[] = new Array(SLOTS);

  /** The UTF-8 text from `from` to `to`. */
  at(buffer: Buffer, from: number, to: number): string {
    const length = to - from;
    if (length > LONGEST) return buffer.toString('utf8', from, to);
    let hash = length;
    for (let i = from; i < to; i += 1) hash = (Math.imul(hash, 31) + buffer[i]!) | 0;
    const slot = (hash ^ (hash >>> 15)) & (SLOTS - 1);
    const known = this.#bytes[slot];
    if (known !== undefined && known.length === length) {
      let i = 0;
      while (i < length && known[i] === buffer[from + i]) i += 1;
      if (i === length) return this.#texts[slot]!;
    }
    const text = buffer.toString('utf8', from, to);
    this.#bytes[slot] = Buffer.from(buffer.subarray(from, to));
    this.#texts[slot] = text;
    return text;
  }
}

/** Values by a key that differs where they do. */
export class ValueCache<T> {
  readonly #values = new BoundedMap<string, T>(SLOTS);

  get(key: string, make: () => T): T {
    let value = this.#values.get(key);
    if (value === undefined) {
      value = make();
      // A slice of a text would keep the whole of it in memory.
      this.#values.set(Buffer.from(key).toString(), value);
    }
    return value;
  }
}

/** Values by the bytes that they are made from, so that known bytes are not read. */
export class SpanCache<T> {
  readonly #spans = new ByteCache(SETS, SPAN_BYTES);
  readonly #values: (T | undefined)[] = new Array(this.#spans.slots);

  /**
   * The value of the `length` bytes from `from` on. It must not be written to.
   * @param kind distinguishes what is made of equal bytes in another way
   */
  at(c: Bytes, from: number, length: number, kind: number, make: () => T): T {
    const spans = this.#spans;
    if (length > spans.longest) return make();
    const slot = spans.find(c, from, length, kind);
    if (slot >= 0) return this.#values[slot]!;
    // The value is made first, since that may fail, and may look for other spans.
    const value = make();
    spans.find(c, from, length, kind);
    this.#values[spans.put(c, from, length, kind)] = value;
    return value;
  }
}

/** 8,192 spans, 4 MB. */
const SETS = 2_048;
const SPAN_BYTES = 512;
