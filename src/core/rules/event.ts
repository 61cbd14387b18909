/**
 * A track event as the rules read it, after decoding, bounds and clock correction.
 *
 * Invariant: every text in here is well-formed Unicode without NUL and within its bound, so that nothing the fold
 * accepts is refused later by Postgres or a topic.
 */

/** source, medium, campaign, term, content; each cut to 2,048 bytes. */
export type Utm = readonly [string | null, string | null, string | null, string | null, string | null];

/** A JSON value, as in `context` and `traits`. Numbers are finite; map keys are in the order of their UTF-8 bytes. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** A top-level key of a context and its value. Equal ones may be one object, which is never written to. */
export type ContextEntry = readonly [key: string, value: Json];

/**
 * A context in three parts, because they change apart from each other: the page with most events, UTM values come with
 * the first event and seldom again, the rest stays as it is for a whole session. So events with an equal part can share
 * one object, and mostly no part of an event has to be made, looked into or copied. See `contextEntries`.
 */
export interface ContextParts {
  /** Top-level keys with a value, nulls inside taken out, but for the two below. */
  readonly context: readonly ContextEntry[];
  /** The key `page`; null where it has no value. */
  readonly contextPage: ContextEntry | null;
  /** The key `utm`; null where it has no value. */
  readonly contextUtm: ContextEntry | null;
}

export interface TrackEvent extends ContextParts {
  /** 1 to 128 bytes. */
  readonly eventId: string;
  /** 1 to 128 bytes. */
  readonly sessionId: string;
  /** The event's own flag; the fold looks at the session id as well. */
  readonly debug: boolean;
  /** 1 to 128 bytes; null where the event names none. */
  readonly profileId: string | null;
  readonly sourceId: string | null;
  /** 1 to 64 bytes. */
  readonly type: string;
  /** Event time in ms since the epoch, the device's clock already taken out. */
  readonly t: number;
  /** `page.path`, or the path of `page.url`; null where the event names no page. */
  readonly page: string | null;
  /** `page.referrer` of the same event. */
  readonly referrer: string | null;
  /** null where none of the five has a value. */
  readonly utm: Utm | null;
  /** In the order of `NAMED_VALUES`; null where none is named. */
  readonly named: readonly (string | null)[] | null;
  /** At most 100; a null unsets the key. */
  readonly traits: readonly (readonly [key: string, value: null | boolean | number | string])[];
  /** Canonical JSON text of the event's properties; null unless they are kept. */
  readonly properties: string | null;
}

/** An entry of a record that is no event: it goes to the dead-letter topic and touches nothing else. */
export interface Refusal {
  readonly refused: 'undecodable' | 'invalid';
  /** What is wrong and, if there is a remedy, the remedy. */
  readonly error: string;
  /** null: it could not be read. */
  readonly eventId: string | null;
}

export type Entry = TrackEvent | Refusal;

/** One record of the input partition. `raw` is handed through, untouched, to what is set aside. */
export interface LogRecord<Raw> {
  readonly offset: number;
  /** The record's timestamp: ms since the epoch. */
  readonly timestamp: number;
  /** False: the broker did not stamp it. See `Rules.appendTime`. */
  readonly stamped?: boolean | undefined;
  /** At least one. Avro and JSON records hold one; Tracardi's payload may hold several. */
  readonly entries: readonly Entry[];
  readonly raw: Raw;
}

export function isRefusal(entry: Entry): entry is Refusal {
  return 'refused' in entry;
}
