import type { Utm } from './event.ts';
import type { EndReason } from './span.ts';

/** A published revision of a visit, as `schemas/VisitEnded.avsc` has it. Times in ms since the epoch. */
export interface VisitEnded {
  readonly eventId: string;
  readonly visitId: string;
  readonly sessionId: string;
  readonly profileId: string | null;
  readonly sourceId: string | null;
  readonly revision: number;
  readonly reason: EndReason;
  readonly retracted: boolean;
  readonly mergedInto: string | null;
  readonly startedAt: number;
  readonly endedAt: number;
  readonly decidedAt: number;
  readonly amendableUntil: number;
  readonly eventCount: number;
  readonly pageViewCount: number;
  readonly lateEventCount: number;
  /** At most 101, in the order of their UTF-8 bytes. */
  readonly eventTypes: readonly (readonly [type: string, count: number])[];
  readonly entryPage: string | null;
  readonly exitPage: string | null;
  readonly referrer: string | null;
  readonly utm: Utm | null;
  /** In the order of `NAMED`. */
  readonly named: readonly (string | null)[];
  readonly debug: boolean;
  readonly openedOffset: number;
}

/** A row of `visit_revisions`. */
export type Revision = Pick<
  VisitEnded,
  'visitId' | 'revision' | 'reason' | 'retracted' | 'mergedInto' | 'startedAt' | 'endedAt' | 'eventCount' | 'decidedAt'
>;
