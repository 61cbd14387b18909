/**
 * Ids as numbers, and sets of event ids.
 *
 * An id that is a UUID in canonical form becomes its 128 bits, in four integers, of which the text can be made again. Any
 * other stays a text. A handful of ids is found by a scan, which touches a cache line or two; many by a table.
 */
import { murmurFinalizer } from './murmur-finalizer.ts';

/** Ids from which on they are found by a table. */
const TABLED = 24;
const DASH = 0x2d;
const DIGITS = Buffer.from('0123456789abcdef');
/** Scratch for a UUID's text, its dashes in place. */
const canonical = Buffer.alloc(36, DASH) as Buffer & { latin1Slice(from: number, to: number): string };
/** Value of each lower-case hexadecimal digit by its code; -16: no digit, and a number made with it is negative. */
const HEX = new Int32Array(256).fill(-16);
for (let value = 0; value < 16; value++) HEX[value.toString(16).charCodeAt(0)] = value;

/** One id, parsed once to be looked for in several places. Reused: see `PackedId.set`. */
export class PackedId {
  text = '';
  isUuid = false;
  a = 0;
  b = 0;
  c = 0;
  d = 0;

  set(text: string): this {
    this.text = text;
    this.isUuid = this.parse(text);
    return this;
  }

  setUuid(a: number, b: number, c: number, d: number): this {
    this.text = '';
    this.isUuid = true;
    this.a = a;
    this.b = b;
    this.c = c;
    this.d = d;
    return this;
  }

  /** @param text of an id that is no UUID in canonical form. */
  setOther(text: string): this {
    this.text = text;
    this.isUuid = false;
    return this;
  }

  /** Parses the 36 ASCII characters from `at` on. @returns false where they are no UUID in canonical form. */
  setAscii(bytes: Uint8Array, at: number): boolean {
    if (bytes[at + 8] !== DASH || bytes[at + 13] !== DASH || bytes[at + 18] !== DASH || bytes[at + 23] !== DASH) {
      return false;
    }
    const a = byteHex4(bytes, at);
    const b = byteHex4(bytes, at + 4);
    const c = byteHex4(bytes, at + 9);
    const d = byteHex4(bytes, at + 14);
    const e = byteHex4(bytes, at + 19);
    const f = byteHex4(bytes, at + 24);
    const g = byteHex4(bytes, at + 28);
    const h = byteHex4(bytes, at + 32);
    if ((a | b | c | d | e | f | g | h) < 0) return false;
    this.setUuid((a << 16) | b, (c << 16) | d, (e << 16) | f, (g << 16) | h);
    return true;
  }

  toString(): string {
    return this.isUuid ? uuidText(this.a, this.b, this.c, this.d) : this.text;
  }

  /** Two numbers from 0 to 127, the bits that the id sets in a mask of 128 (see `addIdBits`): equal for equal ids. */
  get maskBits(): number {
    return (this.isUuid ? this.a ^ this.b ^ this.c ^ this.d : sumOf(this.text)) & 0x3fff;
  }

  /** 32 bits, each of which depends on all of the id: equal for equal ids. */
  get hash32(): number {
    if (!this.isUuid) return murmurFinalizer(sumOf(this.text));
    return murmurFinalizer(
      this.a ^ Math.imul(this.b, 0x9e3779b1) ^ Math.imul(this.c, 0x85ebca6b) ^ Math.imul(this.d, 0xc2b2ae35),
    );
  }

  /** 29 bits, cheaper and weaker than `hash32`: equal for equal ids. */
  get tableHash(): number {
    return this.isUuid ? hash(this.a, this.d) : hash(sumOf(this.text), this.text.length);
  }

  private parse(text: string): boolean {
    if (text.length !== 36) return false;
    if (text.charCodeAt(8) !== DASH || text.charCodeAt(13) !== DASH) return false;
    if (text.charCodeAt(18) !== DASH || text.charCodeAt(23) !== DASH) return false;
    const a = hex4(text, 0);
    const b = hex4(text, 4);
    const c = hex4(text, 9);
    const d = hex4(text, 14);
    const e = hex4(text, 19);
    const f = hex4(text, 24);
    const g = hex4(text, 28);
    const h = hex4(text, 32);
    if ((a | b | c | d | e | f | g | h) < 0) return false;
    this.a = (a << 16) | b;
    this.b = (c << 16) | d;
    this.c = (e << 16) | f;
    this.d = (g << 16) | h;
    return true;
  }
}

function sumOf(text: string): number {
  let sum = text.length;
  for (let i = 0; i < text.length; i++) sum = (Math.imul(sum, 31) + text.charCodeAt(i)) | 0;
  return sum;
}

/** Four digits as a number; negative where one of them is no digit. */
function hex4(text: string, at: number): number {
  const p = text.charCodeAt(at);
  const q = text.charCodeAt(at + 1);
  const r = text.charCodeAt(at + 2);
  const s = text.charCodeAt(at + 3);
  if ((p | q | r | s) > 127) return -1;
  return (HEX[p]! << 12) | (HEX[q]! << 8) | (HEX[r]! << 4) | HEX[s]!;
}

function byteHex4(bytes: Uint8Array, at: number): number {
  return (HEX[bytes[at]!]! << 12) | (HEX[bytes[at + 1]!]! << 8) | (HEX[bytes[at + 2]!]! << 4) | HEX[bytes[at + 3]!]!;
}

const scratch = new PackedId();

export class EventIds {
  /** Four integers a UUID. */
  private words: number[] | null = null;
  private others: Set<string> | null = null;
  /** Open addressing: index of a UUID + 1, 0: free; a power of two long. */
  private table: Int32Array | null = null;

  static of(ids: Iterable<string>): EventIds {
    const set = new EventIds();
    for (const id of ids) set.add(scratch.set(id));
    return set;
  }

  get size(): number {
    return (this.words?.length ?? 0) / 4 + (this.others?.size ?? 0);
  }

  has(id: PackedId): boolean {
    if (!id.isUuid) return this.others?.has(id.text) ?? false;
    const { words } = this;
    if (words === null) return false;
    if (this.table !== null) return this.slotOf(this.table, words, id) < 0;
    for (let i = 0; i < words.length; i += 4) {
      if (words[i] === id.a && words[i + 3] === id.d && words[i + 1] === id.b && words[i + 2] === id.c) return true;
    }
    return false;
  }

  /** Adds an id that may be there already. */
  add(id: PackedId): void {
    if (!this.has(id)) this.addNew(id);
  }

  /** @param id that is not there. */
  addNew(id: PackedId): void {
    if (!id.isUuid) {
      this.others ??= new Set();
      this.others.add(id.text);
      return;
    }
    const { words } = this;
    if (words === null) {
      this.words = [id.a, id.b, id.c, id.d];
      return;
    }
    words.push(id.a, id.b, id.c, id.d);
    const count = words.length >> 2;
    if (count < TABLED) return;
    if (this.table === null || count * 2 > this.table.length) this.table = tableOf(words);
    else this.table[this.slotOf(this.table, words, id)] = count;
  }

  /** @param onId is called with each id, in an object that is used again for the next. */
  each(onId: (id: PackedId) => void): void {
    const { words } = this;
    const id = new PackedId();
    if (words !== null) {
      id.isUuid = true;
      for (let i = 0; i < words.length; i += 4) {
        id.a = words[i]!;
        id.b = words[i + 1]!;
        id.c = words[i + 2]!;
        id.d = words[i + 3]!;
        onId(id);
      }
    }
    if (this.others !== null) for (const text of this.others) onId(id.set(text));
  }

  *[Symbol.iterator](): Iterator<string> {
    const { words } = this;
    if (words !== null) {
      for (let i = 0; i < words.length; i += 4) {
        yield uuidText(words[i]!, words[i + 1]!, words[i + 2]!, words[i + 3]!);
      }
    }
    if (this.others !== null) yield* this.others;
  }

  /** The free slot for an id; -1 where the id is there. */
  private slotOf(table: Int32Array, words: readonly number[], id: PackedId): number {
    const mask = table.length - 1;
    for (let slot = hash(id.a, id.d) & mask; ; slot = (slot + 1) & mask) {
      const entry = table[slot]!;
      if (entry === 0) return slot;
      const i = (entry - 1) * 4;
      if (words[i] === id.a && words[i + 3] === id.d && words[i + 1] === id.b && words[i + 2] === id.c) return -1;
    }
  }
}

/** At most a quarter full, so that it serves until twice as many are in. */
function tableOf(words: readonly number[]): Int32Array {
  const count = words.length >> 2;
  let length = 128;
  while (length < count * 4) length *= 2;
  const table = new Int32Array(length);
  for (let i = 0; i < count; i++) {
    let slot = hash(words[i * 4]!, words[i * 4 + 3]!) & (length - 1);
    while (table[slot] !== 0) slot = (slot + 1) & (length - 1);
    table[slot] = i + 1;
  }
  return table;
}

/** Both words are needed: a UUID v7 has its time in the first, one of v1 the machine in the last. */
function hash(first: number, last: number): number {
  let mixed = Math.imul(first ^ Math.imul(last, 0x85ebca6b), 0xc2b2ae35);
  mixed ^= mixed >>> 15;
  return Math.imul(mixed, 0x27d4eb2f) >>> 3;
}

/** The canonical text of a UUID's 128 bits, in one piece: joined from parts, V8 would keep it as a tree of them. */
export function uuidText(a: number, b: number, c: number, d: number): string {
  putHex4(a >>> 16, 0);
  putHex4(a & 0xffff, 4);
  putHex4(b >>> 16, 9);
  putHex4(b & 0xffff, 14);
  putHex4(c >>> 16, 19);
  putHex4(c & 0xffff, 24);
  putHex4(d >>> 16, 28);
  putHex4(d & 0xffff, 32);
  return canonical.latin1Slice(0, 36);
}

function putHex4(value: number, at: number): void {
  canonical[at] = DIGITS[value >>> 12]!;
  canonical[at + 1] = DIGITS[(value >>> 8) & 15]!;
  canonical[at + 2] = DIGITS[(value >>> 4) & 15]!;
  canonical[at + 3] = DIGITS[value & 15]!;
}
