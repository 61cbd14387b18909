/**
 * A visit as the in-memory store keeps it: plain JSON, so that nothing is shared with the fold's live object, and what
 * the JSON leaves out is lost as it would be in a database.
 */
import type { EventIds } from '../core/memory/event-ids.ts';
import { Session } from '../core/memory/session.ts';
import { TypeCounts } from '../core/memory/type-counts.ts';
import { restoreValues, type ValuesWithOrigins, valuesWithOrigins } from '../core/memory/values-with-origins.ts';
import { Visit } from '../core/memory/visit.ts';
import type { EndReason, Seal } from '../core/rules/span.ts';

export interface VisitRow extends ValuesWithOrigins {
  readonly id: string;
  readonly sessionId: string;
  readonly debug: boolean;
  readonly openedOffset: number;
  readonly openedIndex: number;
  readonly startedAt: number;
  readonly lastEventAt: number;
  readonly lastArrival: number;
  readonly eventCount: number;
  readonly pageViewCount: number;
  readonly lateEventCount: number;
  readonly ended: boolean;
  readonly published: number;
  readonly reason: EndReason | null;
  readonly seal: Seal | null;
  readonly endedWatermark: number | null;
  readonly types: readonly (readonly [type: string, count: number])[];
  /** Until when it can be amended, ms; null while it is open. */
  readonly amendableUntil: number | null;
}

/** @param amendableUntil ms; null for an open visit. */
export function rowOf(visit: Visit, amendableUntil: number | null): VisitRow {
  const values = valuesWithOrigins(visit);
  const row: VisitRow = {
    id: visit.id,
    sessionId: visit.sessionId,
    debug: visit.debug,
    openedOffset: visit.openedOffset,
    openedIndex: visit.openedIndex,
    startedAt: visit.startedAt,
    lastEventAt: visit.lastEventAt,
    lastArrival: visit.lastArrival,
    eventCount: visit.eventCount,
    pageViewCount: visit.pageViewCount,
    lateEventCount: visit.lateEventCount,
    ended: visit.ended,
    published: visit.published,
    reason: visit.reason,
    seal: visit.seal,
    endedWatermark: visit.endedWatermark,
    ...values,
    context: [...values.context].sort(asJsonb),
    types: [...visit.types].sort(asJsonb),
    amendableUntil,
  };
  return JSON.parse(JSON.stringify(row)) as VisitRow;
}

/** @param eventIds null where they are not to be loaded. */
export function visitOf(stored: VisitRow, eventIds: EventIds | null): Visit {
  const row = structuredClone(stored);
  const visit = new Visit(
    row.id,
    new Session<Visit>(row.sessionId, row.debug, false),
    row.openedOffset,
    row.openedIndex,
    row.startedAt,
    row.lastEventAt,
    row.lastArrival,
  );
  visit.eventCount = row.eventCount;
  visit.pageViewCount = row.pageViewCount;
  visit.lateEventCount = row.lateEventCount;
  visit.ended = row.ended;
  visit.published = row.published;
  visit.reason = row.reason;
  visit.seal = row.seal;
  visit.endedWatermark = row.endedWatermark;
  restoreValues(visit, row);
  visit.types = TypeCounts.of(row.types);
  if (eventIds !== null) visit.loadIds(eventIds);
  visit.stored = row.ended ? 'ended' : 'open';
  return visit;
}

/** The order in which `jsonb` keeps keys: by length first. Nothing may lean on the order in which a map was filled. */
function asJsonb([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return Buffer.byteLength(a) - Buffer.byteLength(b) || Buffer.compare(Buffer.from(a), Buffer.from(b));
}
