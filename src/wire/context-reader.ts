import { SpanIndex } from '../bytes/span-index.ts';
import type { TrackEvent } from '../core/event.ts';
import type { Field, Plan, Step } from './avro-plan.ts';
import {
  devicePair,
  entriesOf,
  extraPair,
  locationPair,
  namedOf,
  type Pair,
  pageOf,
  pagePair,
  referrerOf,
  type TextsPair,
  textPair,
  utmOf,
  utmPair,
} from './context.ts';
import { type Cursor, isNone } from './cursor.ts';
import type { DecodedContext } from './decoded.ts';
import { Interned } from './interned.ts';

type Utm = TrackEvent['utm'];
type Named = TrackEvent['named'];

/** Of a page: its entry, `TrackEvent.page` and `TrackEvent.referrer`. */
const PAGE_VALUES = 4;
/** Of the rest of a context: its entries, and `TrackEvent.named`. */
const DEVICE = 0;
const EXTRA = 1;
const IP = 2;
const LOCATION = 3;
const USER_AGENT = 4;
const NAMED = 5;
const REST_VALUES = 8;
/** Of a utm: its entry, and `TrackEvent.utm`. */
const UTM_VALUES = 2;

const PLACES: { readonly [field: string]: number } = {
  device: DEVICE,
  extra: EXTRA,
  ip: IP,
  location: LOCATION,
  user_agent: USER_AGENT,
};

/** Behind the last slot: of what is not kept in a slot, of none, and of several steps joined. */
const UNKEPT = 0;
const NONE = 1;
const JOINED = 2;
const BEHIND = 3;

/** Pairs of a device and a location whose `named` is remembered. */
const MOST_NAMED = 8_192;
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
  readonly #pageSpans = new SpanIndex(1_024, 512);
  readonly #pages = valuesOf<Pair | string>(this.#pageSpans, PAGE_VALUES);
  readonly #restSpans = new SpanIndex(1_024, 512);
  readonly #rests = valuesOf<Pair | Named>(this.#restSpans, REST_VALUES);
  readonly #utmSpans = new SpanIndex(128, 512);
  readonly #utms = valuesOf<Pair | Utm>(this.#utmSpans, UTM_VALUES);
  /** The fields that the rest is made of. */
  readonly #partSpans = new SpanIndex(512, 512);
  readonly #parts = valuesOf<Pair>(this.#partSpans, 1);
  readonly #named = new Map<Pair | null, Map<Pair | null, Named>>();
  #namedCount = 0;
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
  read(c: Cursor, steps: Plan['context'], sessions: SpanIndex, session: number): void {
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

  get entries(): readonly Pair[] {
    const rests = this.#rests;
    const at = this.#rest;
    return entriesOf(
      rests[at + DEVICE] as Pair | null,
      rests[at + EXTRA] as Pair | null,
      rests[at + IP] as Pair | null,
      rests[at + LOCATION] as Pair | null,
      this.#pages[this.#page] as Pair | null,
      rests[at + USER_AGENT] as Pair | null,
      this.#utms[this.#utm] as Pair | null,
    );
  }

  /**
   * A field that is looked up by its bytes, and read where they are met for the first time.
   * @param keep takes its value into a slot.
   * @returns the slot of its values.
   */
  #readField(c: Cursor, field: Field, spans: SpanIndex, keep: (slot: number, value: unknown) => void): number {
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

  #readRest(c: Cursor, { fields, kind, note }: Step, sessions: SpanIndex, session: number): number {
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
      const made = this.#makeRest(c, fields);
      slot = isShort ? spans.put(c, at, length, kind) : spans.slots + UNKEPT;
      const place = slot * REST_VALUES;
      for (let i = 0; i <= NAMED; i++) this.#rests[place + i] = made[i]!;
    }
    if (isNoted && isShort) {
      sessions.setNote(session, note, slot);
      sessions.setNote(session, note + 1, last);
    }
    return slot;
  }

  #makeRest(c: Cursor, fields: readonly Field[]): (Pair | Named)[] {
    const made: (Pair | Named)[] = new Array(NAMED + 1).fill(null);
    for (const field of fields) {
      made[PLACES[field.name]!] = this.#readPart(c, field);
    }
    made[NAMED] = this.#namedOf(made[DEVICE] as TextsPair | null, made[LOCATION] as TextsPair | null);
    return made;
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
    const pair = pairOf(field.name, field.read(c));
    if (isShort) this.#parts[spans.put(c, at, length, field.kind)] = pair;
    return pair;
  }

  /** For writers whose page, or a field that is not read, stands between those of the rest. */
  #joinRest(c: Cursor, step: Step, sessions: SpanIndex): void {
    const rests = this.#rests;
    const joined = this.#joined;
    // What was read before could be thrown out by what comes.
    for (let i = 0; i < NAMED; i++) rests[joined + i] = rests[this.#rest + i]!;
    this.#rest = joined;
    const other = this.#readRest(c, step, sessions, -1) * REST_VALUES;
    for (let i = 0; i < NAMED; i++) rests[joined + i] ??= rests[other + i]!;
    const device = rests[joined + DEVICE] as TextsPair | null;
    rests[joined + NAMED] = this.#namedOf(device, rests[joined + LOCATION] as TextsPair | null);
  }

  #namedOf(device: TextsPair | null, location: TextsPair | null): Named {
    let named = this.#named.get(device)?.get(location);
    if (named !== undefined) return named;
    if (this.#namedCount === MOST_NAMED) {
      this.#named.clear();
      this.#namedCount = 0;
    }
    this.#namedCount += 1;
    named = namedOf(device, location);
    const others = this.#named.get(device);
    if (others === undefined) this.#named.set(device, new Map([[location, named]]));
    else others.set(location, named);
    return named;
  }

  #same(text: string | null): string | null {
    return text === null ? null : this.#texts.of(text);
  }
}

/** A place for each value of each slot. */
function valuesOf<T>({ slots }: SpanIndex, values: number): (T | null)[] {
  return new Array<T | null>((slots + BEHIND) * values).fill(null);
}

function pairOf(field: string, decoded: unknown): Pair | null {
  switch (field) {
    case 'device':
      return devicePair(decoded as DecodedContext['device']);
    case 'location':
      return locationPair(decoded as DecodedContext['location']);
    case 'extra':
      return extraPair(decoded as DecodedContext['extra']);
    default:
      return textPair(field, decoded as string | null);
  }
}
