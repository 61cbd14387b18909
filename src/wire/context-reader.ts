import { ByteCache } from '../bytes/byte-cache.ts';
import type { TrackEvent } from '../core/rules/event.ts';
import type { Field, ReadPlan, ReadStep } from './avro-plan.ts';
import { type DecodedContext, LISTED, NAMING, namedIn } from './context.gen.ts';
import { listOf, pageOf, pagePair, pairIn, pairOf, referrerOf, utmOf, utmPair } from './context.ts';
import { type Cursor, skipNull } from './cursor.ts';
import { Interned } from './interned.ts';
import { PairCache } from './pair-cache.ts';
import { NO_PAIRS, type Pair } from './pairs.ts';

type Utm = TrackEvent['utm'];
type Named = TrackEvent['named'];
type List = TrackEvent['context'];

/** Values of a page: its entry, `TrackEvent.page` and `TrackEvent.referrer`; the fourth is free. */
const PAGE_VALUES = 4;
/** Values of the other fields: the list of their entries, and `TrackEvent.named`. */
const LIST = 0;
const NAMED = 1;
const OTHERS_VALUES = 2;
/** Index of each field in `LISTED`. */
const INDEX_OF = new Map<string, number>(LISTED.map((name, i) => [name, i]));
/** Values of a utm: its entry, and `TrackEvent.utm`. */
const UTM_VALUES = 2;

/** Three pseudo-slots after the real ones: too long to cache, field absent, several steps joined. */
const SLOT_UNCACHED = 0;
const SLOT_ABSENT = 1;
const SLOT_JOINED = 2;
const EXTRA_SLOTS = 3;

/** Contexts whose `named` is remembered. */
const MOST_NAMED = 8_192;
/** Pairs of lists whose joined list is remembered. */
const MOST_JOINED = 8_192;
/** Pages and referrers that are remembered, so that equal ones are one object. */
const MOST_TEXTS = 8_192;

/**
 * Reads the context of an event, and decodes only bytes that it has not met before.
 *
 * The values of a span lie side by side in an array, at its slot's number: objects would have to be fetched from memory
 * once more, after it is known which they are.
 *
 * Invariant: from when a slot is found until the event is made, nothing is put that could evict it. If it were evicted,
 * the event would get values of another one.
 */
export class ContextReader {
  readonly #pageCache = new ByteCache(1_024, 512);
  readonly #pages = valuesOf<Pair | string>(this.#pageCache, PAGE_VALUES);
  readonly #othersCache = new ByteCache(1_024, 512);
  readonly #otherValues = valuesOf<List | Named>(this.#othersCache, OTHERS_VALUES);
  readonly #utmCache = new ByteCache(128, 512);
  readonly #utms = valuesOf<Pair | Utm>(this.#utmCache, UTM_VALUES);
  /** Single fields of the others. */
  readonly #fieldCache = new ByteCache(512, 512);
  readonly #fieldPairs = valuesOf<Pair>(this.#fieldCache, 1);
  readonly #named = new PairCache<unknown, Named>(MOST_NAMED);
  readonly #keys = NAMING.slice(2).map(() => new PairCache<unknown, object>(MOST_NAMED));
  readonly #lists = new PairCache<List, List>(MOST_JOINED);
  readonly #texts = new Interned(MOST_TEXTS);
  readonly #noPage = (this.#pageCache.slots + SLOT_ABSENT) * PAGE_VALUES;
  readonly #noUtm = (this.#utmCache.slots + SLOT_ABSENT) * UTM_VALUES;
  readonly #noOthers = (this.#othersCache.slots + SLOT_ABSENT) * OTHERS_VALUES;
  readonly #joined = (this.#othersCache.slots + SLOT_JOINED) * OTHERS_VALUES;
  /** Index at which the values of the current event begin. */
  #page = this.#noPage;
  #utm = this.#noUtm;
  #others = this.#noOthers;
  /** Whether all of the context was met before; false also where a part is too long to be remembered. */
  isShared = true;

  constructor() {
    this.#otherValues[this.#noOthers + LIST] = NO_PAIRS;
  }

  /** Prepares for an event, whose context is absent until it is read. */
  clear(): void {
    this.isShared = true;
    this.#page = this.#noPage;
    this.#utm = this.#noUtm;
    this.#others = this.#noOthers;
  }

  /**
   * @param sessions has, for each session, hints of its last event's slots.
   * @param session its slot; -1: none.
   */
  read(c: Cursor, steps: ReadPlan['context'], sessions: ByteCache, session: number): void {
    for (let i = 0; i < steps.length; i++) {
      const step = steps[i]!;
      if (step.what === 'page') {
        this.#page = this.#readField(c, step, this.#pageCache, this.#storePage) * PAGE_VALUES;
      } else if (step.what === 'utm') {
        this.#utm = this.#readField(c, step, this.#utmCache, this.#storeUtm) * UTM_VALUES;
      } else if (step.what === 'others') {
        if (this.#others === this.#noOthers)
          this.#others = this.#readOthers(c, step, sessions, session) * OTHERS_VALUES;
        else this.#joinOthers(c, step, sessions);
      } else {
        step.skip(c);
      }
    }
  }

  get page(): string | null {
    return this.#pages[this.#page + 1] as string | null;
  }

  get referrer(): string | null {
    return this.#pages[this.#page + 2] as string | null;
  }

  get utm(): Utm {
    return this.#utms[this.#utm + 1] as Utm;
  }

  get named(): Named {
    return this.#otherValues[this.#others + NAMED] as Named;
  }

  /** `TrackEvent.context`. */
  get list(): List {
    return this.#otherValues[this.#others + LIST] as List;
  }

  get pageEntry(): Pair | null {
    return this.#pages[this.#page] as Pair | null;
  }

  get utmEntry(): Pair | null {
    return this.#utms[this.#utm] as Pair | null;
  }

  /**
   * Looks a field up by its bytes, and reads it where they are met for the first time.
   * @param store puts its value into a slot.
   * @returns the slot of its values.
   */
  #readField(c: Cursor, field: Field, cache: ByteCache, store: (slot: number, value: unknown) => void): number {
    if (skipNull(c, field.nullByte)) return cache.slots + SLOT_ABSENT;
    const at = c.pos;
    field.skip(c);
    const length = c.pos - at;
    const isShort = length <= cache.longest;
    let slot = isShort ? cache.find(c, at, length, field.fieldId) : -1;
    if (slot >= 0) return slot;
    this.isShared = false;
    c.pos = at;
    const value = field.read(c);
    slot = isShort ? cache.put(c, at, length, field.fieldId) : cache.slots + SLOT_UNCACHED;
    store(slot, value);
    return slot;
  }

  readonly #storePage = (slot: number, value: unknown): void => {
    const pair = pagePair(value as DecodedContext['page']);
    const first = slot * PAGE_VALUES;
    this.#pages[first] = pair;
    this.#pages[first + 1] = this.#interned(pageOf(pair));
    this.#pages[first + 2] = this.#interned(referrerOf(pair));
  };

  readonly #storeUtm = (slot: number, value: unknown): void => {
    const pair = utmPair(value as DecodedContext['utm']);
    this.#utms[slot * UTM_VALUES] = pair;
    this.#utms[slot * UTM_VALUES + 1] = utmOf(pair);
  };

  #readOthers(c: Cursor, { fields, fieldId, hint }: ReadStep, sessions: ByteCache, session: number): number {
    const cache = this.#othersCache;
    const isHinted = session >= 0 && hint >= 0;
    // Two hints, since a device may change back and forth.
    const last = isHinted ? sessions.hint(session, hint) : -1;
    if (cache.guess(c, last, fieldId)) return last;
    const before = isHinted ? sessions.hint(session, hint + 1) : -1;
    if (cache.guess(c, before, fieldId)) return before;
    const at = c.pos;
    for (let i = 0; i < fields.length; i++) fields[i]!.skip(c);
    const length = c.pos - at;
    const isShort = length <= cache.longest;
    let slot = isShort ? cache.find(c, at, length, fieldId) : -1;
    if (slot < 0) {
      this.isShared = false;
      c.pos = at;
      const list = this.#makeList(c, fields);
      slot = isShort ? cache.put(c, at, length, fieldId) : cache.slots + SLOT_UNCACHED;
      this.#storeOthers(slot * OTHERS_VALUES, list);
    }
    if (isHinted && isShort) {
      sessions.setHint(session, hint, slot);
      sessions.setHint(session, hint + 1, last);
    }
    return slot;
  }

  #makeList(c: Cursor, fields: readonly Field[]): List {
    const pairs: (Pair | null)[] = LISTED.map(() => null);
    for (const field of fields) pairs[INDEX_OF.get(field.name)!] = this.#readOther(c, field);
    return listOf(pairs);
  }

  #storeOthers(first: number, list: List): void {
    this.#otherValues[first + LIST] = list;
    this.#otherValues[first + NAMED] = this.#namedOf(list);
  }

  #readOther(c: Cursor, field: Field): Pair | null {
    const cache = this.#fieldCache;
    const at = c.pos;
    field.skip(c);
    const length = c.pos - at;
    const isShort = length <= cache.longest;
    const slot = isShort ? cache.find(c, at, length, field.fieldId) : -1;
    if (slot >= 0) return this.#fieldPairs[slot]!;
    c.pos = at;
    const pair = pairOf(field.name, field.read(c) as DecodedContext[keyof DecodedContext]);
    if (isShort) this.#fieldPairs[cache.put(c, at, length, field.fieldId)] = pair;
    return pair;
  }

  /** For writers whose page, or a field that is not read, stands between the others. */
  #joinOthers(c: Cursor, step: ReadStep, sessions: ByteCache): void {
    // Read now: reading more could evict its slot.
    const { list } = this;
    this.#others = this.#readOthers(c, step, sessions, -1) * OTHERS_VALUES;
    const joined = this.#join(list, this.list);
    this.#others = this.#joined;
    this.#storeOthers(this.#joined, joined);
  }

  #join(one: List, other: List): List {
    if (other.length === 0) return one;
    if (one.length === 0) return other;
    let joined = this.#lists.get(one, other);
    if (joined === undefined) {
      joined = inOrder(one, other);
      // Lists that are long, or not met again, would only replace others.
      if (this.isShared) this.#lists.set(one, other, joined);
    }
    return joined;
  }

  /** The same object for the same pairs, so that visits share it. */
  #namedOf(list: List): Named {
    const pairs = NAMING.map((name) => pairIn(list, name));
    const last = pairs.length - 1;
    let key: unknown = pairs[0];
    for (let i = 1; i < last; i++) key = this.#keyOf(this.#keys[i - 1]!, key, pairs[i]);
    let named = this.#named.get(key, pairs[last]);
    if (named === undefined) {
      named = namedIn(pairs);
      this.#named.set(key, pairs[last], named);
    }
    return named;
  }

  /** One object that stands for the two. */
  #keyOf(keys: PairCache<unknown, object>, one: unknown, other: unknown): object {
    let key = keys.get(one, other);
    if (key === undefined) {
      key = {};
      keys.set(one, other, key);
    }
    return key;
  }

  #interned(text: string | null): string | null {
    return text === null ? null : this.#texts.of(text);
  }
}

/** An array with room for each value of each slot. */
function valuesOf<T>({ slots }: ByteCache, values: number): (T | null)[] {
  return new Array<T | null>((slots + EXTRA_SLOTS) * values).fill(null);
}

/** The pairs of two lists in the order of their keys, which both have. */
function inOrder(one: List, other: List): List {
  const all: Pair[] = [];
  let i = 0;
  for (const pair of one) {
    while (i < other.length && other[i]![0] < pair[0]) all.push(other[i++]!);
    all.push(pair);
  }
  while (i < other.length) all.push(other[i++]!);
  return all;
}
