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
import { SpanIndex } from './span-index.ts';

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
/** Of a field that is not the page: its entry, and `TrackEvent.utm` of a utm. */
const PART_VALUES = 2;

const PLACES: { readonly [field: string]: number } = {
  device: DEVICE,
  extra: EXTRA,
  ip: IP,
  location: LOCATION,
  user_agent: USER_AGENT,
};

/** Behind the last slot: of several steps joined, of what is not kept in a slot, two of those, and of none. */
const JOINED = 0;
const UNKEPT = 1;
const NONE = 3;
const BEHIND = 4;

/** Pairs of a device and a location whose `named` is remembered. */
const MOST_NAMED = 8_192;
/** Pages and referrers that are kept to be the same object. */
const MOST_TEXTS = 8_192;

/**
 * Reads the context of an event, with what stood in others before not decoded again.
 *
 * What was made of a span lies side by side, from its slot's number on: objects of their own would have to be fetched
 * from memory after it is known which they are.
 */
export class ContextReader {
  readonly #pageSpans = new SpanIndex(1_024, 512);
  readonly #pages = valuesOf<Pair | string>(this.#pageSpans, PAGE_VALUES);
  readonly #restSpans = new SpanIndex(1_024, 512);
  readonly #rests = valuesOf<Pair | Named>(this.#restSpans, REST_VALUES);
  readonly #partSpans = new SpanIndex(512, 512);
  readonly #parts = valuesOf<Pair | Utm>(this.#partSpans, PART_VALUES);
  readonly #named = new Map<Pair | null, Map<Pair | null, Named>>();
  #namedCount = 0;
  readonly #texts = new Interned(MOST_TEXTS);
  readonly #noPage = (this.#pageSpans.slots + NONE) * PAGE_VALUES;
  readonly #noUtm = (this.#partSpans.slots + NONE) * PART_VALUES;
  readonly #noRest = (this.#restSpans.slots + NONE) * REST_VALUES;
  /** Where the values of the event at hand begin. */
  #page = this.#noPage;
  #utm = this.#noUtm;
  #rest = this.#noRest;
  #unkept = 0;

  /** As for an event without a context. */
  clear(): void {
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
        this.#page = this.#readPage(c, step) * PAGE_VALUES;
      } else if (step.what === 'utm') {
        this.#utm = isNone(c, step.none) ? this.#noUtm : this.#readPart(c, step) * PART_VALUES;
      } else if (step.what === 'rest') {
        const rest = this.#readRest(c, step, sessions, session) * REST_VALUES;
        this.#rest = this.#rest === this.#noRest ? rest : this.#join(this.#rest, rest);
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
    return this.#parts[this.#utm + 1] as Utm;
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
      this.#parts[this.#utm] as Pair | null,
    );
  }

  /** @returns the slot of its values, as the two below. */
  #readPage(c: Cursor, field: Field): number {
    const spans = this.#pageSpans;
    if (isNone(c, field.none)) return spans.slots + NONE;
    const at = c.pos;
    field.skip(c);
    const length = c.pos - at;
    const isShort = length <= spans.longest;
    let slot = isShort ? spans.find(c, at, length, field.kind) : -1;
    if (slot >= 0) return slot;
    c.pos = at;
    const pair = pagePair(field.read(c) as DecodedContext['page']);
    slot = isShort ? spans.put(c, at, length, field.kind) : spans.slots + UNKEPT;
    const place = slot * PAGE_VALUES;
    this.#pages[place] = pair;
    this.#pages[place + 1] = this.#same(pageOf(pair));
    this.#pages[place + 2] = this.#same(referrerOf(pair));
    return slot;
  }

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
      c.pos = at;
      const made = this.#makeRest(c, fields);
      slot = isShort ? spans.put(c, at, length, kind) : this.#nextUnkept();
      const place = slot * REST_VALUES;
      for (let i = 0; i <= NAMED; i++) this.#rests[place + i] = made[i]!;
    }
    if (isNoted && isShort) {
      sessions.setNote(session, note, slot);
      sessions.setNote(session, note + 1, last);
    }
    return slot;
  }

  /** While steps are joined, two that are not kept are needed at once. */
  #nextUnkept(): number {
    this.#unkept = 1 - this.#unkept;
    return this.#restSpans.slots + UNKEPT + this.#unkept;
  }

  #makeRest(c: Cursor, fields: readonly Field[]): (Pair | Named)[] {
    const made: (Pair | Named)[] = new Array(NAMED + 1).fill(null);
    for (const field of fields) {
      const part = this.#readPart(c, field) * PART_VALUES;
      made[PLACES[field.name]!] = this.#parts[part] as Pair | null;
    }
    made[NAMED] = this.#namedOf(made[DEVICE] as TextsPair | null, made[LOCATION] as TextsPair | null);
    return made;
  }

  #readPart(c: Cursor, field: Field): number {
    const spans = this.#partSpans;
    const at = c.pos;
    field.skip(c);
    const length = c.pos - at;
    const isShort = length <= spans.longest;
    let slot = isShort ? spans.find(c, at, length, field.kind) : -1;
    if (slot >= 0) return slot;
    c.pos = at;
    const pair = pairOf(field.name, field.read(c));
    // A utm's stays in use while the fields of the rest are read.
    slot = isShort ? spans.put(c, at, length, field.kind) : spans.slots + (field.name === 'utm' ? JOINED : UNKEPT);
    this.#parts[slot * PART_VALUES] = pair;
    this.#parts[slot * PART_VALUES + 1] = field.name === 'utm' ? utmOf(pair as TextsPair | null) : null;
    return slot;
  }

  /** For writers whose page, or a field that is not read, stands between those of the rest. */
  #join(a: number, b: number): number {
    const rests = this.#rests;
    const joined = (this.#restSpans.slots + JOINED) * REST_VALUES;
    for (let i = 0; i < NAMED; i++) rests[joined + i] = rests[a + i] ?? rests[b + i]!;
    const device = rests[joined + DEVICE] as TextsPair | null;
    rests[joined + NAMED] = this.#namedOf(device, rests[joined + LOCATION] as TextsPair | null);
    return joined;
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
    case 'utm':
      return utmPair(decoded as DecodedContext['utm']);
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
