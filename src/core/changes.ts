import type { VisitEvents } from './memory/pending-events.ts';
import type { Revisions } from './memory/revisions.ts';
import type { StoredIn, Visit } from './memory/visit.ts';
import type { VisitEnded } from './rules/visit-ended.ts';

/** The small part of a partition's state: one row. Clocks in ms since the epoch, null before the first that moves them. */
export interface PartitionState {
  /** Offset of the first record not folded yet. */
  nextOffset: number;
  /** Number of the next message that is emitted (to the output, dead-letter and late topic alike). */
  sequence: number;
  /** `R`. */
  arrivalClock: number | null;
  /** `E`. */
  eventClock: number | null;
  /** Highest due point of the visits ended by anticipation that the log has not passed yet. */
  anticipatedTo: number | null;
  /**
   * For each hour (ms since the epoch / 3,600,000) in which ended visits cease to be amendable: the earliest time, in
   * ms, of a record that opened one of them. Bounds how far back ended visits have to be looked up.
   */
  amendable: readonly (readonly [hour: number, openedAt: number])[];
  counts: Counts;
}

/** How many records and events met which fate, since offset zero. `events` = the sum of `started` to `visitFull`. */
export interface Counts {
  records: number;
  events: number;
  started: number;
  joined: number;
  merged: number;
  duplicate: number;
  late: number;
  undecodable: number;
  invalid: number;
  future: number;
  visitFull: number;
  /** Accepted events that came to an ended visit, or behind the watermark to one published before. */
  amended: number;
  retracted: number;
  /** `retracted` + the sum of the four behind it: ends by reason, each time that a visit ends. */
  published: number;
  endedInactivity: number;
  endedExplicit: number;
  endedMaxDuration: number;
  endedMaxEvents: number;
  anticipationsWrong: number;
  /** Records stamped before the arrival clock. */
  clockRegressions: number;
  /** Records that the broker did not stamp, where it is to stamp them. */
  unstamped: number;
}

export function noCounts(): Counts {
  return {
    records: 0,
    events: 0,
    started: 0,
    joined: 0,
    merged: 0,
    duplicate: 0,
    late: 0,
    undecodable: 0,
    invalid: 0,
    future: 0,
    visitFull: 0,
    amended: 0,
    retracted: 0,
    published: 0,
    endedInactivity: 0,
    endedExplicit: 0,
    endedMaxDuration: 0,
    endedMaxEvents: 0,
    anticipationsWrong: 0,
    clockRegressions: 0,
    unstamped: 0,
  };
}

export function emptyState(nextOffset = 0): PartitionState {
  return {
    nextOffset,
    sequence: 0,
    arrivalClock: null,
    eventClock: null,
    anticipatedTo: null,
    amendable: [],
    counts: noCounts(),
  };
}

/** Why a record goes to the dead-letter topic. */
export type DeadReason = 'undecodable' | 'invalid' | 'future' | 'visit_full';

/** One message of the output, dead-letter or late topic. Sequences of a partition have no hole. */
export type Emission<Raw> =
  | { readonly kind: 'output'; readonly sequence: number; readonly message: VisitEnded }
  | ({ readonly kind: 'dead-letter'; readonly reason: DeadReason; readonly error: string } & SetAsideFields<Raw>)
  | ({ readonly kind: 'late'; readonly error: string; readonly visitId: string | null } & SetAsideFields<Raw>);

interface SetAsideFields<Raw> {
  readonly sequence: number;
  readonly offset: number;
  readonly timestamp: number;
  /** Index of the event in its record. */
  readonly index: number;
  readonly raw: Raw;
}

/** Last write wins by (`t`, `eventId`, `sessionId`); of two that are equal the first in the log. */
export interface TraitWrite {
  readonly profileId: string;
  readonly key: string;
  readonly value: null | boolean | number | string;
  readonly t: number;
  readonly eventId: string;
  readonly sessionId: string;
}

/** All that changed since the last commit was taken. The objects are live: read them before the fold goes on. */
export interface Changes<Raw> {
  readonly state: Readonly<PartitionState>;
  /**
   * Visits to write, each to the table that `visit.ended` names; `from` is the table that holds it now, `pendingRevision`
   * the index of its last revision among `revisions`, -1 or undefined where it has none of them.
   */
  readonly visits: readonly {
    readonly visit: Visit;
    readonly from: StoredIn | null;
    readonly pendingRevision?: number;
  }[];
  /** Visits merged away: to delete from `from`; their events are the survivor's from now on. */
  readonly removed: readonly {
    readonly id: string;
    readonly from: StoredIn;
    readonly survivor: string;
  }[];
  /** Events to append. A visit stands here at most once. */
  readonly events: readonly { readonly visit: Visit; readonly events: VisitEvents }[];
  readonly revisions: Revisions;
  /** At most one a (profile, key). */
  readonly traits: readonly TraitWrite[];
  /** Messages that were emitted; none where `onEmission` took them as they arose. */
  readonly emissions: readonly Emission<Raw>[];
}
