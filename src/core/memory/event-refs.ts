import { compareUtf8 } from '../rules/order.ts';
import { type PackedId, uuidText } from './event-ids.ts';

/** In place of a ref: a value comes from no event, or an id is not found. */
export const NO_EVENT = -1;

/** Integers of a ref: the four of the event's id, and its time. */
const WORDS = 6;
/** Offset of the time, in `times`. */
const TIMES = WORDS / 2;
const TIME = 2;
/** Integers of a cache line. */
const LINE = 16;

/**
 * The events that values come from and that a resend may match: each by its time and id, in 24 bytes that the garbage
 * collector never looks at. First and last are by (`t`, `eventId` as UTF-8 bytes).
 *
 * The refs of one visit are a run, one behind the other: a ref is named by the start of the run and its number in it.
 * So a search for an id reads memory from end to end, and a value names its ref by a small number. A run that has no
 * room left moves to a longer one; what is given back is used again for runs of the same length. An id that is a UUID in
 * canonical form is its 128 bits here. Any other is a text: the first of the four integers is its index in `texts`, and
 * the time is stored as -1 - t. Runs lie in blocks, so that more of them never have to be copied; one that is longer than
 * a block has its own.
 */
export class EventRefs {
  private readonly blockBits: number;
  private readonly mask: number;
  private readonly integers: Int32Array[] = [];
  private readonly times: Float64Array[] = [];
  /** Indexes in `integers` that are free again: of runs that had a block of their own. */
  private readonly freeBlocks: number[] = [];
  /** Starts of runs that were given back, by `kindOf` their length. */
  private readonly freeRuns: number[][] = [];
  /** In the block that runs are cut from: where the next begins, and how many refs are left. */
  private next = 0;
  private left = 0;
  private readonly texts: string[] = [];
  private readonly freeTexts: number[] = [];
  private used = 0;

  /** @param blockBits so many refs, as a power of two, get their memory at once. */
  constructor(blockBits = 12) {
    this.blockBits = blockBits;
    this.mask = (1 << blockBits) - 1;
  }

  /** Refs in use. */
  get size(): number {
    return this.used;
  }

  /**
   * Makes room behind a run's last ref: each has to be set before it is read.
   * @param count of its refs; 0: there is no run yet.
   * @param more above 0.
   * @returns where the run begins from now on.
   */
  extend(run: number, count: number, more: number): number {
    this.used += more;
    const length = lengthFor(count + more);
    if (count > 0 && lengthFor(count) === length) return run;
    const to = this.allocate(length);
    if (count > 0) {
      const words = this.integers[run >> this.blockBits]!;
      const from = (run & this.mask) * WORDS;
      const there = this.integers[to >> this.blockBits]!;
      const at = (to & this.mask) * WORDS;
      for (let i = 0; i < count * WORDS; i++) there[at + i] = words[from + i]!;
      this.giveBack(run, lengthFor(count));
    }
    return to;
  }

  /** Prefetches each cache line of a run. */
  prefetch(run: number, count: number): number {
    const words = this.integers[run >> this.blockBits]!;
    const from = (run & this.mask) * WORDS;
    const to = from + count * WORDS;
    let sum = 0;
    for (let at = from; at < to; at += LINE) sum ^= words[at]!;
    return sum;
  }

  /** @param t ms since the epoch, not before it. */
  set(run: number, ref: number, t: number, id: PackedId): void {
    const block = run >> this.blockBits;
    const words = this.integers[block]!;
    const at = ((run & this.mask) + ref) * WORDS;
    if (id.isUuid) {
      words[at] = id.a;
      words[at + 1] = id.b;
      words[at + 2] = id.c;
      words[at + 3] = id.d;
      this.times[block]![(at >> 1) + TIME] = t;
    } else {
      words[at] = this.addText(id.text);
      this.times[block]![(at >> 1) + TIME] = -1 - t;
    }
  }

  /** Gives a run back. @param count of its refs; 0: there is no run. */
  release(run: number, count: number): void {
    if (count === 0) return;
    for (let ref = 0; ref < count; ref++) {
      if (!this.isText(run, ref)) continue;
      const text = this.words(run)[this.at(run, ref)]!;
      this.texts[text] = '';
      this.freeTexts.push(text);
    }
    this.used -= count;
    this.giveBack(run, lengthFor(count));
  }

  /** ms since the epoch. */
  timeAt(run: number, ref: number): number {
    const t = this.signedTime(run, ref);
    return t < 0 ? -1 - t : t;
  }

  isId(run: number, ref: number, id: PackedId): boolean {
    const words = this.integers[run >> this.blockBits]!;
    const at = ((run & this.mask) + ref) * WORDS;
    if (!id.isUuid) return this.isText(run, ref) && this.texts[words[at]!] === id.text;
    return (
      words[at] === id.a &&
      words[at + 3] === id.d &&
      words[at + 1] === id.b &&
      words[at + 2] === id.c &&
      !this.isText(run, ref)
    );
  }

  /** @returns the ref of an id among the first `count` of a run; `NO_EVENT` where it is not there. */
  find(run: number, count: number, id: PackedId): number {
    for (let ref = 0; ref < count; ref++) if (this.isId(run, ref, id)) return ref;
    return NO_EVENT;
  }

  isBefore(run: number, ref: number, other: number): boolean {
    const t = this.timeAt(run, ref);
    const u = this.timeAt(run, other);
    return t < u || (t === u && ref !== other && this.compareIds(run, ref, other) < 0);
  }

  isAfter(run: number, ref: number, other: number): boolean {
    const t = this.timeAt(run, ref);
    const u = this.timeAt(run, other);
    return t > u || (t === u && ref !== other && this.compareIds(run, ref, other) > 0);
  }

  idAt(run: number, ref: number): string {
    const words = this.words(run);
    const at = this.at(run, ref);
    if (this.isText(run, ref)) return this.texts[words[at]!]!;
    return uuidText(words[at]!, words[at + 1]!, words[at + 2]!, words[at + 3]!);
  }

  /** Sets `id` to the ref's. */
  readId(run: number, ref: number, id: PackedId): PackedId {
    const words = this.words(run);
    const at = this.at(run, ref);
    if (this.isText(run, ref)) return id.setOther(this.texts[words[at]!]!);
    return id.setUuid(words[at]!, words[at + 1]!, words[at + 2]!, words[at + 3]!);
  }

  private compareIds(run: number, ref: number, other: number): number {
    return compareUtf8(this.idAt(run, ref), this.idAt(run, other));
  }

  private words(run: number): Int32Array {
    return this.integers[run >> this.blockBits]!;
  }

  private at(run: number, ref: number): number {
    return ((run & this.mask) + ref) * WORDS;
  }

  /** Negative: the id is a text. */
  private signedTime(run: number, ref: number): number {
    return this.times[run >> this.blockBits]![((run & this.mask) + ref) * TIMES + TIME]!;
  }

  private isText(run: number, ref: number): boolean {
    return this.signedTime(run, ref) < 0;
  }

  /** @returns the index of a text. */
  private addText(text: string): number {
    const free = this.freeTexts.pop();
    if (free === undefined) return this.texts.push(text) - 1;
    this.texts[free] = text;
    return free;
  }

  private allocate(length: number): number {
    const free = this.freeRuns[kindOf(length)]?.pop();
    if (free !== undefined) return free;
    if (length > this.mask + 1) return this.addBlock(length);
    if (this.left < length) {
      for (let refs = this.left; refs > 0; refs = this.left) this.giveBack(this.cut(longestIn(refs)), longestIn(refs));
      this.next = this.addBlock(this.mask + 1);
      this.left = this.mask + 1;
    }
    return this.cut(length);
  }

  private cut(length: number): number {
    const run = this.next;
    this.next += length;
    this.left -= length;
    return run;
  }

  /** @returns the start of a run that fills a block of so many refs. */
  private addBlock(refs: number): number {
    const index = this.freeBlocks.pop() ?? this.integers.length;
    const words = new Int32Array(refs * WORDS);
    this.integers[index] = words;
    this.times[index] = new Float64Array(words.buffer);
    return index << this.blockBits;
  }

  private giveBack(run: number, length: number): void {
    if (length > this.mask + 1) {
      const index = run >> this.blockBits;
      this.integers[index] = NO_INTEGERS;
      this.times[index] = NO_TIMES;
      this.freeBlocks.push(index);
      return;
    }
    const kind = kindOf(length);
    while (this.freeRuns.length <= kind) this.freeRuns.push([]);
    this.freeRuns[kind]!.push(run);
  }
}

const NO_INTEGERS = new Int32Array(0);
const NO_TIMES = new Float64Array(0);

/** The length of a run of so many refs: a power of two, or one and a half of it. */
function lengthFor(count: number): number {
  const power = 1 << (31 - Math.clz32(count));
  if (count === power) return power;
  const half = power + (power >> 1);
  return count <= half ? half : power * 2;
}

/** The longest run in so many refs. */
function longestIn(refs: number): number {
  const power = 1 << (31 - Math.clz32(refs));
  const half = power + (power >> 1);
  return half <= refs ? half : power;
}

/** A small number for each length of runs. */
function kindOf(length: number): number {
  const log = 31 - Math.clz32(length);
  return length === 1 << log ? log * 2 : log * 2 + 1;
}
