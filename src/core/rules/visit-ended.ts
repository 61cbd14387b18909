import type { EndReason } from './span.ts';
import type { VisitValues } from './visit-values.gen.ts';

/** A published revision of a visit, as `schemas/VisitEnded.avsc` has it. Times in ms since the epoch. */
export interface VisitEnded extends VisitValues {
  readonly eventId: string;
  readonly visitId: string;
  readonly sessionId: string;
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
  readonly debug: boolean;
  readonly openedOffset: number;
}

/** A row of `visit_revisions`. */
export type Revision = Pick<
  VisitEnded,
  'visitId' | 'revision' | 'reason' | 'retracted' | 'mergedInto' | 'startedAt' | 'endedAt' | 'eventCount' | 'decidedAt'
>;
