import type { ContextEntry, Json, Utm } from './event.ts';
import type { EventIds } from './event-ids.ts';
import { Stamp } from './stamp.ts';
import { NO_TYPES, type TypeCounts } from './type-counts.ts';

/** Why a visit ended. */
export type EndReason = 'inactivity' | 'explicit' | 'max_duration' | 'max_events';
/** Why nothing is added after a visit's last event. */
export type Seal = Exclude<EndReason, 'inactivity'>;

/** A value and the event that it comes from. */
export interface Stamped<T> {
  readonly t: number;
  readonly eventId: string;
  readonly value: T;
}

/** An event as it is read back from a visit. */
export interface VisitEvent {
  readonly eventId: string;
  readonly type: string;
  /** ms since the epoch, as corrected. */
  readonly t: number;
  readonly page: string | null;
  /** JSON text; null unless properties are kept. */
  readonly properties: string | null;
}

/** The table of the store that holds a visit. */
export type Place = 'open' | 'ended';

/** Nothing is named. */
export const NO_NAMES: readonly null[] = [null, null, null, null, null, null, null, null];
const NO_CONTEXT: readonly ContextEntry[] = [];

/**
 * A visit, open or ended. One mutable object a visit: the fold is the only writer.
 *
 * Most visits are short, and most of their events say the same about device and place. So a value and the event that it
 * comes from stand side by side, and arrays are shared with the events that they came with: each is replaced as a
 * whole and never written to, unless it is marked as the visit's own.
 *
 * A store loads one with `new Visit(…)`, sets the plain fields, and the values with `restoreValues`; it must come back
 * equal to what was committed, apart from `eventIds`, the fresh events, `dirty` and the timers' keys, which a store leaves alone.
 */
export class Visit {
  /** UUID v8, canonical text. */
  readonly id: string;
  readonly sessionId: string;
  readonly debug: boolean;
  /** Offset of the record that opened it. */
  readonly openedOffset: number;
  /** Index of the event within that record. */
  readonly openedIndex: number;

  /** First and last event's `t`. */
  startedAt: number;
  lastEventAt: number;
  /** Highest of the arrival clock and `t` at its accepted events. */
  lastArrival: number;

  eventCount = 0;
  pageViewCount = 0;
  lateEventCount = 0;

  ended = false;
  /** How many times it was published; its last revision is one less. */
  published = 0;
  /** Reason of the last published revision; null before the first. */
  reason: EndReason | null = null;
  seal: Seal | null = null;
  /** The watermark when it last ended; null if it never did. */
  endedWatermark: number | null = null;

  /** Last named profile. */
  profileId: string | null = null;
  profileStamp: Stamp | null = null;
  /** First named source. */
  sourceId: string | null = null;
  sourceStamp: Stamp | null = null;
  /** First event that names a page. */
  entryPage: string | null = null;
  referrer: string | null = null;
  entryStamp: Stamp | null = null;
  /** Last page named. */
  exitPage: string | null = null;
  exitStamp: Stamp | null = null;
  /** First event with any UTM value. */
  utm: Utm | null = null;
  utmStamp: Stamp | null = null;
  /** First named, in the order of `NAMED`; always 8 long. */
  named: readonly (string | null)[] = NO_NAMES;
  /** One for all that is named, or one each; null where nothing is. */
  namedStamps: Stamp | (Stamp | null)[] | null = null;
  /** Last written, by top-level key of the context. */
  context: readonly ContextEntry[] = NO_CONTEXT;
  /** One for all entries, or one each, and then the array of entries is the visit's own; null where there is none. */
  contextStamps: Stamp | Stamp[] | null = null;
  /** How many events of each type; exact, never cut. */
  types: TypeCounts = NO_TYPES;

  /**
   * Ids of all events that its values have taken; null while they have not been loaded from the store. Not needed once
   * it is frozen.
   */
  eventIds: EventIds | null = null;
  /** Its chain of events not yet given to the store: see `FreshEvents`. Never stored. */
  freshFirst = -1;
  freshLast = -1;
  freshCount = 0;
  /** The last of them, which its values have not taken yet: how many, and where they begin. See `takeEvents`. */
  untaken = 0;
  untakenFirst = -1;
  /** 128 bits: one for each of its event ids is set, loaded or not. So most ids are seen to be new without a search. */
  private mask0 = 0;
  private mask1 = 0;
  private mask2 = 0;
  private mask3 = 0;
  /** Which table of the store holds it, as of the last commit taken; null: none. */
  stored: Place | null = null;
  /** Changed since the last commit was taken. */
  dirty = false;
  /** Keys under which the timers hold it; Infinity: under none. Never stored. */
  dueKey = Number.POSITIVE_INFINITY;
  watermarkKey = Number.POSITIVE_INFINITY;

  constructor(
    id: string,
    sessionId: string,
    debug: boolean,
    openedOffset: number,
    openedIndex: number,
    startedAt: number,
    lastEventAt: number,
    lastArrival: number,
  ) {
    this.id = id;
    this.sessionId = sessionId;
    this.debug = debug;
    this.openedOffset = openedOffset;
    this.openedIndex = openedIndex;
    this.startedAt = startedAt;
    this.lastEventAt = lastEventAt;
    this.lastArrival = lastArrival;
  }

  /** Whether an event id of this bit (0 to 127) may be among its own; false is certain. */
  hasBit(bit: number): boolean {
    const mask = bit < 64 ? (bit < 32 ? this.mask0 : this.mask1) : bit < 96 ? this.mask2 : this.mask3;
    return (mask & (1 << (bit & 31))) !== 0;
  }

  setBit(bit: number): void {
    const one = 1 << (bit & 31);
    if (bit < 64) {
      if (bit < 32) this.mask0 |= one;
      else this.mask1 |= one;
    } else if (bit < 96) this.mask2 |= one;
    else this.mask3 |= one;
  }

  setAllBits(): void {
    this.mask0 = this.mask1 = this.mask2 = this.mask3 = -1;
  }

  setBitsOf(other: Visit): void {
    this.mask0 |= other.mask0;
    this.mask1 |= other.mask1;
    this.mask2 |= other.mask2;
    this.mask3 |= other.mask3;
  }
}

/** All that a visit says of its events, each value with the event that it comes from. */
export interface StampedValues {
  readonly profile: Stamped<string> | null;
  readonly source: Stamped<string> | null;
  readonly entry: Stamped<{ readonly page: string; readonly referrer: string | null }> | null;
  readonly exit: Stamped<string> | null;
  readonly utm: Stamped<Utm> | null;
  /** In the order of `NAMED`; 8 long. */
  readonly named: readonly (Stamped<string> | null)[];
  readonly context: readonly (readonly [key: string, value: Stamped<Json>])[];
}

/** In a form that hides how a visit holds them: for stores and tests, not for the fold. */
export function stampedValues(visit: Visit): StampedValues {
  const { entryPage, referrer } = visit;
  return {
    profile: stamped(visit.profileId, visit.profileStamp),
    source: stamped(visit.sourceId, visit.sourceStamp),
    entry: stamped(entryPage === null ? null : { page: entryPage, referrer }, visit.entryStamp),
    exit: stamped(visit.exitPage, visit.exitStamp),
    utm: stamped(visit.utm, visit.utmStamp),
    named: visit.named.map((value, i) => stamped(value, namedStampAt(visit, i))),
    context: visit.context.map(([key, value], i) => {
      const { t, eventId } = contextStampAt(visit, i);
      return [key, { t, eventId, value }];
    }),
  };
}

/** Sets what `stampedValues` reads. */
export function restoreValues(visit: Visit, values: StampedValues): void {
  const { profile, source, entry, exit, utm } = values;
  visit.profileId = profile?.value ?? null;
  visit.profileStamp = stampOf(profile);
  visit.sourceId = source?.value ?? null;
  visit.sourceStamp = stampOf(source);
  visit.entryPage = entry?.value.page ?? null;
  visit.referrer = entry?.value.referrer ?? null;
  visit.entryStamp = stampOf(entry);
  visit.exitPage = exit?.value ?? null;
  visit.exitStamp = stampOf(exit);
  visit.utm = utm?.value ?? null;
  visit.utmStamp = stampOf(utm);
  visit.named = values.named.map((each) => each?.value ?? null);
  visit.namedStamps = values.named.map(stampOf);
  visit.context = values.context.map(([key, { value }]) => [key, value]);
  visit.contextStamps = values.context.map(([, each]) => stampOf(each)!);
}

/** The event that the `i`-th of `NAMED` comes from; null where it is not named. */
export function namedStampAt(visit: Visit, i: number): Stamp | null {
  const { namedStamps } = visit;
  if (Array.isArray(namedStamps)) return namedStamps[i]!;
  return visit.named[i] === null ? null : namedStamps;
}

/** The event that the `i`-th entry of the context comes from. */
export function contextStampAt(visit: Visit, i: number): Stamp {
  const { contextStamps } = visit;
  return Array.isArray(contextStamps) ? contextStamps[i]! : contextStamps!;
}

function stamped<T>(value: T | null, stamp: Stamp | null): Stamped<T> | null {
  return value === null || stamp === null ? null : { t: stamp.t, eventId: stamp.eventId, value };
}

function stampOf(value: Stamped<unknown> | null): Stamp | null {
  return value === null ? null : Stamp.of(value.t, value.eventId);
}
