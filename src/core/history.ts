import type { EventIds } from './memory/event-ids.ts';
import type { Visit } from './memory/visit.ts';

/**
 * What the fold has to know of a session's stored state before it can place an event: ended visits, and the ids of events
 * that a resend may repeat. It is asked for in many sessions at once, and waits for no answer.
 */

export interface SessionKey {
  readonly sessionId: string;
  readonly debug: boolean;
}

/** A session whose ended visits, and the event ids of whose named open visits, have to be loaded. */
export interface SessionToLoad extends SessionKey {
  readonly openVisitIds: readonly string[];
}

/** Which ended visits an event may still touch. */
export interface HistoryReach {
  /** ms: no visit that matters was opened by a record older than this (visit ids are in order of that time). */
  readonly openedSince: number;
  /** ms: ended visits whose last event is older matter only if they are not frozen. */
  readonly endedSince: number;
  /** The watermark: a visit is frozen when this is past its `amendable_until`. */
  readonly watermark: number;
}

export interface HistoryQuery extends HistoryReach {
  readonly sessions: readonly SessionToLoad[];
}

/** What was found of a session. */
export interface SessionHistory extends SessionKey {
  /** Ended visits that an event may still touch; their event ids are loaded where they are not frozen. */
  readonly ended: readonly Visit[];
  /** Event ids of the open visits that were asked for, by visit id. */
  readonly openEventIds: ReadonlyMap<string, EventIds>;
}
