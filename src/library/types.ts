import type { ColumnValues, EventContext, MessageValues } from './values.gen.ts';

/** What goes in and comes out, named as on the topics and in the views. Times are ms since the epoch, durations ms. */

/** A JSON value. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** null and what is left out say nothing. */
type Maybe<T> = T | null | undefined;
type Scalars = { readonly [key: string]: null | boolean | number | string };
/** ms since the epoch, or a time in ISO 8601 such as `2026-01-31T12:00:00.000Z`. */
type Time = number | string;

/** One user interaction: the record of `schemas/TrackEvent.avsc`. */
export interface TrackEvent {
  /** 1 to 128 bytes; a resend carries the same. */
  readonly event_id: string;
  /** 1 to 128 bytes, constant for one session. */
  readonly session_id: string;
  /** `page-view`, `sign-out` and so on; 1 to 64 bytes. */
  readonly type: string;
  /** By the device's clock. */
  readonly occurred_at: Time;
  readonly profile_id?: Maybe<string>;
  readonly source_id?: Maybe<string>;
  /** When the device sent it, by the same clock: takes that clock's error out. */
  readonly sent_at?: Maybe<Time>;
  /** When the collector received it; the record's timestamp unless given. */
  readonly received_at?: Maybe<Time>;
  readonly debug?: Maybe<boolean>;
  readonly context?: Maybe<EventContext>;
  readonly properties?: Maybe<Scalars>;
  /** At most 100; a null unsets the key. */
  readonly traits?: Maybe<Scalars>;
}

/** One record of the input partition. */
export interface LogRecord {
  /** At least that of the record before + 1, which is the default. */
  readonly offset?: number;
  /** When the record was appended to the log. */
  readonly timestamp: number;
  /** False: the broker did not stamp it, so the timestamp moves no clock. True unless given. */
  readonly stamped?: boolean;
  readonly event: TrackEvent;
}

/** What became of an event. `visit_id` is the visit that it is in, or that it came too late for. */
export type Outcome =
  | {
      readonly kind: 'started' | 'joined' | 'merged' | 'duplicate';
      readonly event_id: string;
      readonly visit_id: string;
    }
  | { readonly kind: 'late'; readonly event_id: string; readonly visit_id: string | null }
  | {
      /** It goes to the dead-letter topic. */
      readonly kind: 'dead';
      /** null where it could not be read. */
      readonly event_id: string | null;
      readonly reason: 'undecodable' | 'invalid' | 'future' | 'visit_full';
      /** What is wrong, and what to do about it if anything can be done. */
      readonly error: string;
    };

export type EndReason = 'inactivity' | 'explicit' | 'max_duration' | 'max_events';

/** The sums of a visit. */
interface VisitSums {
  readonly visit_id: string;
  readonly session_id: string;
  /** The last that its events named. */
  readonly profile_id: string | null;
  /** The first that its events named. */
  readonly source_id: string | null;
  readonly debug: boolean;
  readonly started_at: number;
  readonly duration_ms: number;
  /** Events; each event id counts once. */
  readonly event_count: number;
  readonly page_view_count: number;
  /** Events that came after it had been published. */
  readonly late_event_count: number;
}

/** A row of the view `visits`. */
export interface Visit extends VisitSums, ColumnValues {
  /** `ended`: it was published; a late event may open it again. */
  readonly status: 'open' | 'ended';
  /** null while it is open. */
  readonly end_reason: EndReason | null;
  /** Number of the last message about it, from 0; null: there was none. */
  readonly revision: number | null;
  readonly last_event_at: number;
  /** Time of its last event; null while it is open. */
  readonly ended_at: number | null;
  /** Merged by top-level key: the last write of each stands. */
  readonly context: { readonly [key: string]: Json };
  /** Offset of the record that opened it. */
  readonly opened_offset: number;
}

/** A row of the view `sessions`. */
export interface Session {
  readonly session_id: string;
  readonly first_visit_id: string;
  readonly last_visit_id: string;
  /** The last visit's, as is the context. */
  readonly profile_id: string | null;
  readonly visit_count: number;
  readonly event_count: number;
  readonly page_view_count: number;
  readonly late_event_count: number;
  /** Sum of its visits' durations: time between them does not count. */
  readonly total_duration_ms: number;
  readonly started_at: number;
  /** null while a visit is open. */
  readonly ended_at: number | null;
  readonly context: { readonly [key: string]: Json };
}

/** A row of the view `profiles`. */
export interface Profile {
  readonly profile_id: string;
  readonly visit_count: number;
  readonly session_count: number;
  readonly event_count: number;
  readonly page_view_count: number;
  readonly total_duration_ms: number;
  /** null if it has traits and no visit. */
  readonly first_seen_at: number | null;
  readonly last_seen_at: number | null;
  readonly traits: { readonly [key: string]: boolean | number | string };
}

/** A message of the output topic: the record of `schemas/VisitEnded.avsc`. */
export interface VisitEnded extends VisitSums, MessageValues {
  readonly event_id: string;
  readonly type: 'visit-ended';
  readonly name: 'Visit Ended';
  /** From 0; the highest replaces the rest. */
  readonly revision: number;
  readonly reason: EndReason;
  /** The visit no longer stands: `merged_into` has its events. */
  readonly retracted: boolean;
  readonly merged_into: string | null;
  /** Time of its last event. */
  readonly ended_at: number;
  /** The arrival clock when this was decided. */
  readonly decided_at: number;
  /** Once the watermark is past this, the visit can change no more. */
  readonly amendable_until: number;
  /** How many events of each type. */
  readonly event_types: { readonly [type: string]: number };
  readonly opened_at_offset: { readonly topic: string; readonly partition: number; readonly offset: number };
}
