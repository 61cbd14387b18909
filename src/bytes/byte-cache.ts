/** Bytes, with a view of all of the memory that they lie in. */
export interface Bytes {
  readonly view: DataView;
  /** Where in the view they begin. */
  readonly base: number;
}

/** Bytes that are read from `pos` on, to `end` at most. */
export interface ReadPosition extends Bytes {
  pos: number;
  readonly end: number;
}

/** Slots that a span may lie in. With fewer, spans with the same set by chance evict each other again and again. */
const WAYS = 4;
/** Words of a slot before its hints and bytes: the number of bytes, and their kind. */
const HEAD = 2;
const PRIME = 0x9e3779b1;
/** Words of a cache line. */
const LINE = 16;

/**
 * Spans of bytes that were met before, each in a slot; callers keep what they made of a span by the slot's number.
 *
 * Invariant: a slot is found for exactly the kind and bytes that were put into it; a hash alone decides nothing. If it
 * did, a producer could make up bytes that are taken for others. Memory is bounded: a number of slots, and words a slot.
 *
 * The words of a slot lie together, and so should what is made of it: fetching from memory is what takes time here.
 */
export class ByteCache {
  readonly slots: number;
  /** Bytes of the longest span that is cached. */
  readonly longest: number;
  private readonly sets: number;
  private readonly stride: number;
  private readonly head: number;
  private readonly hashes: Int32Array;
  private readonly words: Int32Array;
  /** Hash of the span last looked for. */
  private hash = 0;
  private turn = 0;

  /**
   * @param sets a power of two; each has four slots.
   * @param bytes that a slot takes, a multiple of four.
   * @param hints numbers that are kept with a span.
   */
  constructor(sets: number, bytes: number, hints = 0) {
    this.slots = sets * WAYS;
    this.sets = sets;
    this.stride = bytes / 4;
    this.head = HEAD + hints;
    // Seven bytes take seven words.
    this.longest = (bytes - this.head * 4) & ~7;
    this.hashes = new Int32Array(this.slots);
    this.words = new Int32Array(this.slots * this.stride);
  }

  /** The slot of `length` bytes from `at` on; where it is -1, `put` may be called for the same next. */
  find(c: Bytes, at: number, length: number, kind: number): number {
    return this.findBy(hashOf(c.view, c.base + at, length, kind), c, at, length, kind);
  }

  /**
   * The same by the hash of a part of the span, so that `slotFor` finds the slot before the whole is known. A cache
   * must be searched in one of the two ways only.
   */
  findByPart(c: Bytes, at: number, length: number, kind: number, partAt: number, partLength: number): number {
    return this.findBy(hashOf(c.view, c.base + partAt, partLength, 0), c, at, length, kind);
  }

  /**
   * The slot that `findByPart` would look into first, for `prefetch`: it may hold anything. Branch-free: half of these
   * branches would be mispredicted.
   */
  slotFor(c: Bytes, partAt: number, partLength: number): number {
    const { hashes } = this;
    const hash = hashOf(c.view, c.base + partAt, partLength, 0);
    const first = (hash & (this.sets - 1)) * WAYS;
    const turn = hash >>> 28;
    const isOther = differ(hashes[first + (turn & (WAYS - 1))]!, hash);
    const isThird = differ(hashes[first + ((turn + 1) & (WAYS - 1))]!, hash);
    const isFourth = differ(hashes[first + ((turn + 2) & (WAYS - 1))]!, hash);
    return first + ((turn + isOther * (1 + isThird * (1 + isFourth))) & (WAYS - 1));
  }

  /** Reads something of each cache line of the first `count` of these slots: for `prefetched`. */
  prefetch(slots: Int32Array, count: number): number {
    const { words, stride } = this;
    let sum = 0;
    for (let i = 0; i < count; i++) {
      const start = slots[i]! * stride;
      for (let at = start; at < start + stride; at += LINE) sum ^= words[at]!;
    }
    return sum;
  }

  private findBy(hash: number, c: Bytes, at: number, length: number, kind: number): number {
    const { view } = c;
    const { hashes, words, stride } = this;
    const from = c.base + at;
    this.hash = hash;
    const first = (hash & (this.sets - 1)) * WAYS;
    for (let way = 0; way < WAYS; way++) {
      const slot = first + (((hash >>> 28) + way) & (WAYS - 1));
      if (hashes[slot] !== hash) continue;
      const start = slot * stride;
      if (words[start] !== length || words[start + 1] !== kind) continue;
      if (areEqual(view, from, words, start + this.head, length)) return slot;
    }
    return -1;
  }

  /** Caches the span last looked for, in place of another, all hints -1. It is at most `longest` bytes long. */
  put(c: Bytes, at: number, length: number, kind: number): number {
    const { view } = c;
    const { words } = this;
    const { hash, hashes } = this;
    const first = (hash & (this.sets - 1)) * WAYS;
    let slot = first + ((hash >>> 28) & (WAYS - 1));
    // The slot that is looked into first, if it is empty; else each in turn.
    if (hashes[slot] !== 0) slot = first + (this.turn++ & (WAYS - 1));
    hashes[slot] = hash;
    let word = slot * this.stride;
    words[word++] = length;
    words[word++] = kind;
    for (let i = HEAD; i < this.head; i++) words[word++] = -1;
    const end = c.base + at + length;
    let from = c.base + at;
    if (length < 8) {
      for (; from < end; from++) words[word++] = view.getUint8(from);
      return slot;
    }
    for (; from + 8 < end; from += 8) {
      words[word++] = view.getInt32(from, true);
      words[word++] = view.getInt32(from + 4, true);
    }
    words[word++] = view.getInt32(end - 8, true);
    words[word] = view.getInt32(end - 4, true);
    return slot;
  }

  /**
   * Moves the cursor behind the bytes of a slot if they come next. A value's own bytes say how far it reaches, so its
   * end need not be known before. @returns whether they came next.
   * @param slot -1: none.
   */
  guess(c: ReadPosition, slot: number, kind: number): boolean {
    if (slot < 0) return false;
    const { words } = this;
    const start = slot * this.stride;
    const length = words[start]!;
    const next = c.pos + length;
    if (words[start + 1] !== kind || next > c.end) return false;
    if (!areEqual(c.view, c.base + c.pos, words, start + this.head, length)) return false;
    c.pos = next;
    return true;
  }

  hint(slot: number, hint: number): number {
    return this.words[slot * this.stride + HEAD + hint]!;
  }

  setHint(slot: number, hint: number, value: number): void {
    this.words[slot * this.stride + HEAD + hint] = value;
  }
}

// Bytes are read in pairs of words, the last pair overlapping the one before: the processor predicts a loop that ends in
// the same way for most lengths. Fewer than eight bytes are read one by one.

/** Keeps two sums side by side, of every other word: neither has to wait for the other. */
function hashOf(view: DataView, from: number, length: number, kind: number): number {
  let a = length;
  let b = kind;
  const end = (from + length) | 0;
  let at = from;
  if (length < 8) {
    for (; at < end; at = (at + 1) | 0) a = Math.imul(a ^ view.getUint8(at), PRIME);
  } else {
    // Multiplying moves differences to higher bits only; turning brings them back to the lower ones.
    for (; ((at + 8) | 0) < end; at = (at + 8) | 0) {
      a = Math.imul(((a << 5) | (a >>> 27)) ^ view.getInt32(at, true), PRIME);
      b = Math.imul(((b << 7) | (b >>> 25)) ^ view.getInt32((at + 4) | 0, true), PRIME);
    }
    a = Math.imul(((a << 5) | (a >>> 27)) ^ view.getInt32((end - 8) | 0, true), PRIME);
    b = Math.imul(((b << 7) | (b >>> 25)) ^ view.getInt32((end - 4) | 0, true), PRIME);
  }
  const hash = Math.imul(a ^ ((b << 16) | (b >>> 16)), PRIME);
  // 0 stands for a slot that is empty.
  return hash ^ (hash >>> 15) || 1;
}

/** 1 where two words differ, else 0, without a branch. */
function differ(a: number, b: number): number {
  const bits = a ^ b;
  return (bits | -bits) >>> 31;
}

function areEqual(view: DataView, from: number, words: Int32Array, first: number, length: number): boolean {
  const end = (from + length) | 0;
  let at = from;
  let word = first;
  if (length < 8) {
    for (; at < end; at = (at + 1) | 0) {
      if (view.getUint8(at) !== words[word]) return false;
      word = (word + 1) | 0;
    }
    return true;
  }
  for (; ((at + 8) | 0) < end; at = (at + 8) | 0) {
    if (view.getInt32(at, true) !== words[word]) return false;
    if (view.getInt32((at + 4) | 0, true) !== words[(word + 1) | 0]) return false;
    word = (word + 2) | 0;
  }
  return (
    view.getInt32((end - 8) | 0, true) === words[word] && view.getInt32((end - 4) | 0, true) === words[(word + 1) | 0]
  );
}
