import { type EventId, uuidText } from './event-ids.ts';
import { compareUtf8 } from './order.ts';

/** No stamp: what follows the last of a chain, and where a value comes from no event. */
export const NO_STAMP = -1;

/** Integers of a stamp: the four of the event's id, its time, the next of the chain, and its text: see `textOf`. */
const WORDS = 8;
const TIME = 2;
const NEXT = 6;
const TEXT = 7;
const UUID = 0;

/**
 * The events that values come from and that a resend may match: each by its time and id, in 32 bytes that the garbage
 * collector never looks at. First and last are by (`t`, `eventId` as UTF-8 bytes).
 *
 * A stamp is told by its index. Those of one visit are a chain; what holds them gives them back, and they are used
 * again. An id that is a UUID in canonical form stands here as its 128 bits, reversibly, for a hash is no id; any
 * other as its text. They lie in blocks, so that more of them never have to be copied.
 */
export class Stamps {
  private readonly blockBits: number;
  private readonly mask: number;
  private readonly integers: Int32Array[] = [];
  private readonly times: Float64Array[] = [];
  /** Ids that are no UUIDs, by the stamp's `TEXT` - 1. */
  private readonly texts: string[] = [];
  private readonly freeTexts: number[] = [];
  /** A chain of those that were given back. */
  private free = NO_STAMP;
  private count = 0;
  private freeCount = 0;

  /** @param blockBits so many stamps, as a power of two, get their memory at once. */
  constructor(blockBits = 12) {
    this.blockBits = blockBits;
    this.mask = (1 << blockBits) - 1;
  }

  /** Stamps that are in use. */
  get size(): number {
    return this.count - this.freeCount;
  }

  /** @param t ms since the epoch. @returns the stamp, a chain of its own. */
  add(t: number, id: EventId): number {
    const stamp = this.take();
    const words = this.integers[stamp >> this.blockBits]!;
    const at = (stamp & this.mask) * WORDS;
    words[at] = id.a;
    words[at + 1] = id.b;
    words[at + 2] = id.c;
    words[at + 3] = id.d;
    words[at + NEXT] = NO_STAMP;
    words[at + TEXT] = id.isUuid ? UUID : this.keep(id.text);
    this.times[stamp >> this.blockBits]![(at >> 1) + TIME] = t;
    return stamp;
  }

  /** Puts a chain behind the last stamp of another. */
  link(last: number, next: number): void {
    this.integers[last >> this.blockBits]![(last & this.mask) * WORDS + NEXT] = next;
  }

  /** The next of the chain. */
  after(stamp: number): number {
    return this.integers[stamp >> this.blockBits]![(stamp & this.mask) * WORDS + NEXT]!;
  }

  /** Gives a chain back, from this stamp on. */
  release(first: number): void {
    for (let stamp = first; stamp !== NO_STAMP; ) {
      const next = this.after(stamp);
      const text = this.textIndex(stamp);
      if (text >= 0) {
        this.texts[text] = '';
        this.freeTexts.push(text);
      }
      this.link(stamp, this.free);
      this.free = stamp;
      this.freeCount += 1;
      stamp = next;
    }
  }

  /** ms since the epoch. */
  timeAt(stamp: number): number {
    return this.times[stamp >> this.blockBits]![(((stamp & this.mask) * WORDS) >> 1) + TIME]!;
  }

  isId(stamp: number, id: EventId): boolean {
    const words = this.integers[stamp >> this.blockBits]!;
    const at = (stamp & this.mask) * WORDS;
    if (!id.isUuid) return this.textOf(stamp) === id.text;
    return (
      words[at] === id.a &&
      words[at + 3] === id.d &&
      words[at + 1] === id.b &&
      words[at + 2] === id.c &&
      words[at + TEXT] === UUID
    );
  }

  isBefore(stamp: number, other: number): boolean {
    const t = this.timeAt(stamp);
    const u = this.timeAt(other);
    return t < u || (t === u && stamp !== other && compareUtf8(this.idAt(stamp), this.idAt(other)) < 0);
  }

  isAfter(stamp: number, other: number): boolean {
    const t = this.timeAt(stamp);
    const u = this.timeAt(other);
    return t > u || (t === u && stamp !== other && compareUtf8(this.idAt(stamp), this.idAt(other)) > 0);
  }

  idAt(stamp: number): string {
    const text = this.textOf(stamp);
    if (text !== null) return text;
    const words = this.integers[stamp >> this.blockBits]!;
    const at = (stamp & this.mask) * WORDS;
    return uuidText(words[at]!, words[at + 1]!, words[at + 2]!, words[at + 3]!);
  }

  /** Sets `id` to the stamp's. */
  readId(stamp: number, id: EventId): EventId {
    const words = this.integers[stamp >> this.blockBits]!;
    const at = (stamp & this.mask) * WORDS;
    const text = this.textOf(stamp);
    id.isUuid = text === null;
    id.text = text ?? '';
    id.a = words[at]!;
    id.b = words[at + 1]!;
    id.c = words[at + 2]!;
    id.d = words[at + 3]!;
    return id;
  }

  private textOf(stamp: number): string | null {
    const index = this.textIndex(stamp);
    return index < 0 ? null : this.texts[index]!;
  }

  private textIndex(stamp: number): number {
    return this.integers[stamp >> this.blockBits]![(stamp & this.mask) * WORDS + TEXT]! - 1;
  }

  /** @returns the index of a text + 1. */
  private keep(text: string): number {
    const free = this.freeTexts.pop();
    if (free === undefined) return this.texts.push(text);
    this.texts[free] = text;
    return free + 1;
  }

  private take(): number {
    const { free } = this;
    if (free !== NO_STAMP) {
      this.free = this.after(free);
      this.freeCount -= 1;
      return free;
    }
    if (this.count >> this.blockBits === this.integers.length) {
      const words = new Int32Array(WORDS << this.blockBits);
      this.integers.push(words);
      this.times.push(new Float64Array(words.buffer));
    }
    return this.count++;
  }
}
