import { ByteCache } from '../bytes/byte-cache.ts';
import type { TrackEvent } from '../core/rules/event.ts';
import type { Field, Plan, Step } from './avro-plan.ts';
import { ByTwo } from './by-two.ts';
import { type DecodedContext, LISTED, NAMING, namedIn } from './context.gen.ts';
import { listOf, type Pair, pageOf, pagePair, pairIn, pairOf, referrerOf, utmOf, utmPair } from './context.ts';
import { type Cursor, isNone } from './cursor.ts';
import { Interned } from './interned.ts';
import { NO_PAIRS } from './pairs.ts';

type Utm = TrackEvent['utm'];
type Named = TrackEvent['named'];
type List = TrackEvent['context'];

/** Of a page: its entry, `TrackEvent.page` and `TrackEvent.referrer`. */
const PAGE_VALUES = 4;
/** Of the rest of a context: the list of its entries, and `TrackEvent.named`. */
const LIST = 0;
const NAMED = 1;
const REST_VALUES = 2;
/** Where in `LISTED` each field is. */
const PLACES = new Map<string, number>(LISTED.map((name, i) => [name, i]));
/** Of a utm: its entry, and `TrackEvent.utm`. */
const UTM_VALUES = 2;

/** Behind the last slot: of what is not kept in a slot, of none, and of several steps joined. */
const UNKEPT = 0;
const NONE = 1;
const JOINED = 2;
const BEHIND = 3;

/** Contexts whose `named` is remembered. */
const MOST_NAMED = 8_192;
/** Pairs of lists whose joined list is remembered. */
const MOST_JOINED = 8_192;
/** Pages and referrers that are kept to be the same object. */
const MOST_TEXTS = 8_192;

/**
 * Reads the context of an event, with what stood in others before not decoded again.
 *
 * What was made of a span lies side by side, from its slot's number on: objects of their own would have to be fetched
 * from memory after it is known which they are.
 *
 * Invariant: from when a slot is found until the event is made, nothing is put where it could be thrown out by it. If it
 * were, the event would say what another one does.
 */
export class ContextReader {
  readonly #pageSpans = new ByteCache(1_024, 512);
  readonly #pages = valuesOf<Pair | string>(this.#pageSpans, PAGE_VALUES);
  readonly #restSpans = new ByteCache(1_024, 512);
  readonly #rests = valuesOf<List | Named>(this.#restSpans, REST_VALUES);
  readonly #utmSpans = new ByteCache(128, 512);
  readonly #utms = valuesOf<Pair | Utm>(this.#utmSpans, UTM_VALUES);
  /** The fields that the rest is made of. */
  readonly #partSpans = new ByteCache(512, 512);
  readonly #parts = valuesOf<Pair>(this.#partSpans, 1);
  readonly #named = new ByTwo<unknown, Named>(MOST_NAMED);
  readonly #keys = NAMING.slice(2).map(() => new ByTwo<unknown, object>(MOST_NAMED));
  readonly #lists = new ByTwo<List, List>(MOST_JOINED);
  readonly #texts = new Interned(MOST_TEXTS);
  readonly #noPage = (this.#pageSpans.slots + NONE) * PAGE_VALUES;
  readonly #noUtm = (this.#utmSpans.slots + NONE) * UTM_VALUES;
  readonly #noRest = (this.#restSpans.slots + NONE) * REST_VALUES;
  readonly #joined = (this.#restSpans.slots + JOINED) * REST_VALUES;
  /** Where the values of the event at hand begin. */
  #page = this.#noPage;
  #utm = this.#noUtm;
  #rest = this.#noRest;
  /** Whether nothing in it was met for the first time, or is too long to be remembered. */
  isShared = true;

  constructor() {
    this.#rests[this.#noRest + LIST] = NO_PAIRS;
  }

  /** As for an event without a context. */
  clear(): void {
    this.isShared = true;
    this.#page = this.#noPage;
    this.#utm = this.#noUtm;
    this.#rest = this.#noRest;
  }

  /**
   * @param sessions to each session, what its last event said is noted.
   * @param session its slot; -1: none.
   */
  read(c: Cursor, steps: Plan['context'], sessions: ByteCache, session: number): void {
    for (let i = 0; i < steps.length; i++) {
      const step = steps[i]!;
      if (step.what === 'page') {
        this.#page = this.#readField(c, step, this.#pageSpans, this.#keepPage) * PAGE_VALUES;
      } else if (step.what === 'utm') {
        this.#utm = this.#readField(c, step, this.#utmSpans, this.#keepUtm) * UTM_VALUES;
      } else if (step.what === 'rest') {
        if (this.#rest === this.#noRest) this.#rest = this.#readRest(c, step, sessions, session) * REST_VALUES;
        else this.#joinRest(c, step, sessions);
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
    return this.#rests[this.#rest + NAMED] as Named;
  }

  /** `TrackEvent.context`. */
  get list(): List {
    return this.#rests[this.#rest + LIST] as List;
  }

  get pageEntry(): Pair | null {
    return this.#pages[this.#page] as Pair | null;
  }

  get utmEntry(): Pair | null {
    return this.#utms[this.#utm] as Pair | null;
  }

  /**
   * A field that is looked up by its bytes, and read where they are met for the first time.
   * @param keep takes its value into a slot.
   * @returns the slot of its values.
   */
  #readField(c: Cursor, field: Field, spans: ByteCache, keep: (slot: number, value: unknown) => void): number {
    if (isNone(c, field.none)) return spans.slots + NONE;
    const at = c.pos;
    field.skip(c);
    const length = c.pos - at;
    const isShort = length <= spans.longest;
    let slot = isShort ? spans.find(c, at, length, field.kind) : -1;
    if (slot >= 0) return slot;
    this.isShared = false;
    c.pos = at;
    const value = field.read(c);
    slot = isShort ? spans.put(c, at, length, field.kind) : spans.slots + UNKEPT;
    keep(slot, value);
    return slot;
  }

  readonly #keepPage = (slot: number, value: unknown): void => {
    const pair = pagePair(value as DecodedContext['page']);
    const place = slot * PAGE_VALUES;
    this.#pages[place] = pair;
    this.#pages[place + 1] = this.#same(pageOf(pair));
    this.#pages[place + 2] = this.#same(referrerOf(pair));
  };

  readonly #keepUtm = (slot: number, value: unknown): void => {
    const pair = utmPair(value as DecodedContext['utm']);
    this.#utms[slot * UTM_VALUES] = pair;
    this.#utms[slot * UTM_VALUES + 1] = utmOf(pair);
  };

  #readRest(c: Cursor, { fields, kind, note }: Step, sessions: ByteCache, session: number): number {
    const spans = this.#restSpans;
    const isNoted = session >= 0 && note >= 0;
    // Two, for a device may change back and forth.
    const last = isNoted ? sessions.note(session, note) : -1;
    if (spans.guess(c, last, kind)) return last;
    const before = isNoted ? sessions.note(session, note + 1) : -1;
    if (spans.guess(c, before, kind)) return before;
    const at = c.pos;
    for (let i = 0; i < fields.length; i++) fields[i]!.skip(c);
    const length = c.pos - at;
    const isShort = length <= spans.longest;
    let slot = isShort ? spans.find(c, at, length, kind) : -1;
    if (slot < 0) {
      this.isShared = false;
      c.pos = at;
      const list = this.#makeList(c, fields);
      slot = isShort ? spans.put(c, at, length, kind) : spans.slots + UNKEPT;
      this.#keepRest(slot * REST_VALUES, list);
    }
    if (isNoted && isShort) {
      sessions.setNote(session, note, slot);
      sessions.setNote(session, note + 1, last);
    }
    return slot;
  }

  #makeList(c: Cursor, fields: readonly Field[]): List {
    const pairs: (Pair | null)[] = LISTED.map(() => null);
    for (const field of fields) pairs[PLACES.get(field.name)!] = this.#readPart(c, field);
    return listOf(pairs);
  }

  #keepRest(place: number, list: List): void {
    this.#rests[place + LIST] = list;
    this.#rests[place + NAMED] = this.#namedOf(list);
  }

  #readPart(c: Cursor, field: Field): Pair | null {
    const spans = this.#partSpans;
    const at = c.pos;
    field.skip(c);
    const length = c.pos - at;
    const isShort = length <= spans.longest;
    const slot = isShort ? spans.find(c, at, length, field.kind) : -1;
    if (slot >= 0) return this.#parts[slot]!;
    c.pos = at;
    const pair = pairOf(field.name, field.read(c) as DecodedContext[keyof DecodedContext]);
    if (isShort) this.#parts[spans.put(c, at, length, field.kind)] = pair;
    return pair;
  }

  /** For writers whose page, or a field that is not read, stands between those of the rest. */
  #joinRest(c: Cursor, step: Step, sessions: ByteCache): void {
    // Before the other is read, which could throw it out.
    const { list } = this;
    this.#rest = this.#readRest(c, step, sessions, -1) * REST_VALUES;
    const joined = this.#join(list, this.list);
    this.#rest = this.#joined;
    this.#keepRest(this.#joined, joined);
  }

  #join(one: List, other: List): List {
    if (other.length === 0) return one;
    if (one.length === 0) return other;
    let joined = this.#lists.get(one, other);
    if (joined === undefined) {
      joined = inOrder(one, other);
      // What is long, or is not met again, would only take the place of others.
      if (this.isShared) this.#lists.set(one, other, joined);
    }
    return joined;
  }

  /** The same object for the same pairs: what a visit shares. */
  #namedOf(list: List): Named {
    const pairs = NAMING.map((name) => pairIn(list, name));
    const last = pairs.length - 1;
    let key: unknown = pairs[0];
    for (let i = 1; i < last; i++) key = this.#oneOf(this.#keys[i - 1]!, key, pairs[i]);
    let named = this.#named.get(key, pairs[last]);
    if (named === undefined) {
      named = namedIn(pairs);
      this.#named.set(key, pairs[last], named);
    }
    return named;
  }

  /** One object for the two. */
  #oneOf(keys: ByTwo<unknown, object>, one: unknown, other: unknown): object {
    let key = keys.get(one, other);
    if (key === undefined) {
      key = {};
      keys.set(one, other, key);
    }
    return key;
  }

  #same(text: string | null): string | null {
    return text === null ? null : this.#texts.of(text);
  }
}

/** A place for each value of each slot. */
function valuesOf<T>({ slots }: ByteCache, values: number): (T | null)[] {
  return new Array<T | null>((slots + BEHIND) * values).fill(null);
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
