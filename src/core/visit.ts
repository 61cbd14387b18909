import type { Json, Utm } from './event.ts';

/** Why a visit ended. */
export type EndReason = 'inactivity' | 'explicit' | 'max_duration' | 'max_events';
/** Why nothing is added after a visit's last event. */
export type Seal = Exclude<EndReason, 'inactivity'>;

/** A value and the event that it comes from: first and last are by (`t`, `eventId` as UTF-8 bytes). */
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

/** What a visit contributes to its profile. Held as it was last committed, so that a commit writes differences. */
export interface Contribution {
  readonly profileId: string | null;
  readonly eventCount: number;
  readonly pageViewCount: number;
  readonly startedAt: number;
  readonly lastEventAt: number;
}

/** What the store holds of a visit: in which table it is, and what it contributed there. */
export interface Stored extends Contribution {
  readonly place: 'open' | 'ended';
}

/**
 * A visit, open or ended. One mutable object a visit: the fold is the only writer.
 *
 * A store loads one with `new Visit(…)` and sets every field; it must come back equal to what was committed, apart from
 * `eventIds`, `fresh`, `dirty` and the timers' keys, which a store leaves alone.
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
  profile: Stamped<string> | null = null;
  /** First named source. */
  source: Stamped<string> | null = null;
  /** First event that names a page. */
  entry: Stamped<{ readonly page: string; readonly referrer: string | null }> | null = null;
  /** Last page named. */
  exit: Stamped<string> | null = null;
  /** First event with any UTM value. */
  utm: Stamped<Utm> | null = null;
  /** First named, in the order of `NAMED`; always 8 long. */
  named: (Stamped<string> | null)[] = [null, null, null, null, null, null, null, null];
  /** Last written, by top-level key of the context. */
  context = new Map<string, Stamped<Json>>();
  /** How many events of each type; exact, never cut. */
  types = new Map<string, number>();

  /** Ids of all its events; null while they have not been loaded from the store. Not needed once it is frozen. */
  eventIds: Set<string> | null = null;
  /** Events not yet given to the store. */
  fresh: VisitEvent[] = [];
  /** What the store holds of it; null: nothing. */
  stored: Stored | null = null;
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
}
