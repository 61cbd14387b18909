import type { EndReason } from '../core/rules/span.ts';
import { readClocks } from './clocks.ts';
import { type Ask, type Database, inSnapshot, selectList } from './database.ts';
import type { StateRules } from './rules.ts';
import { type FullVisit, fullSelect, type VisitColumns, visitOf } from './visit-row.ts';
import { whyMerged } from './why.ts';

/** An event of a visit. Times in ms. */
export interface InspectedEvent {
  /** Number among the visit's events, from 1. */
  readonly position: number;
  readonly eventId: string;
  readonly type: string;
  readonly occurredAt: number;
  readonly page: string | null;
  /** null unless properties are kept. */
  readonly properties: unknown;
  /** Time since the event before; null: it is the first. */
  readonly gapMs: number | null;
}

export interface InspectedRevision {
  readonly revision: number;
  readonly reason: EndReason;
  readonly retracted: boolean;
  readonly mergedInto: string | null;
  readonly startedAt: number;
  readonly endedAt: number;
  readonly eventCount: number;
  readonly decidedAt: number;
}

/** Part of a list of `total`: `items` are those that follow the first `offset`. */
export interface Page<T> {
  readonly total: number;
  readonly offset: number;
  readonly items: readonly T[];
}

/** One visit in full. All times in ms since the epoch. */
export interface VisitReport {
  readonly visitId: string;
  /** A sentence: why it ended, what it waits for, or into which visit it was merged. */
  readonly why: string;
  /** null: it was merged away. */
  readonly visit: FullVisit | null;
  /** The visit that has its events now; null unless it was merged away. */
  readonly mergedInto: string | null;
  /** Ids of visits that were merged into this one, in order of opening. */
  readonly merged: readonly string[];
  /** In order of time, then of event id. None of a visit that was merged away: the other has them. */
  readonly events: Page<InspectedEvent>;
  /** Longest time between one event and the next; null: it has fewer than two. */
  readonly longestGapMs: number | null;
  /** Oldest first. */
  readonly revisions: readonly InspectedRevision[];
}

export interface PageOf {
  readonly limit?: number;
  readonly offset?: number;
}

/** @returns null: there is no such visit, and none that was merged away, as for a text that is no UUID. */
export async function inspectVisit(
  database: Database,
  rules: StateRules,
  visitId: string,
  { limit = 200, offset = 0 }: PageOf = {},
  now = Date.now(),
): Promise<VisitReport | null> {
  if (!isUuid(visitId)) return null;
  return await inSnapshot(database, async (ask) => {
    const id = visitId.toLowerCase();
    const revisions = await ask<InspectedRevision>(REVISIONS, [id]);
    const [row] = await ask<VisitColumns<FullVisit>>(fullSelect('WHERE v.visit_id = $1'), [id]);
    if (row === undefined) return await mergedAway(ask, id, revisions, now);
    const clocks = await readClocks(ask, rules.outOfOrderness);
    const endedBy = row.endReason === 'explicit' ? await endingEvent(ask, id, rules) : null;
    const visit = visitOf(row, { rules, clocks, now }, endedBy);
    const events = await ask<InspectedEvent & { longest: number | null }>(EVENTS, [id, limit, offset]);
    const merged = await ask<{ visitId: string }>(MERGED, [id]);
    return {
      visitId: id,
      why: visit.why,
      visit,
      mergedInto: null,
      merged: merged.map((each) => each.visitId),
      events: { total: visit.eventCount, offset, items: events.map(({ longest: _, ...event }) => event) },
      longestGapMs: events[0]?.longest ?? null,
      revisions,
    };
  });
}

async function mergedAway(
  ask: Ask,
  visitId: string,
  revisions: readonly InspectedRevision[],
  now: number,
): Promise<VisitReport | null> {
  const [alias] = await ask<{ survivor: string }>('SELECT survivor FROM visit_alias WHERE visit_id = $1', [visitId]);
  const last = revisions.at(-1);
  // The survivor then may have been merged away since: the alias names the visit that stands now.
  const mergedInto = alias?.survivor ?? last?.mergedInto ?? null;
  if (mergedInto === null) return null;
  return {
    visitId,
    why: whyMerged(mergedInto, last?.decidedAt ?? null, now),
    visit: null,
    mergedInto,
    merged: [],
    events: { total: 0, offset: 0, items: [] },
    longestGapMs: null,
    revisions,
  };
}

/** Type of the last event that could have ended it; null if none of its events has an ending type any more. */
async function endingEvent(ask: Ask, visitId: string, { endingTypes }: StateRules): Promise<string | null> {
  const [event] = await ask<{ type: string }>(
    'SELECT type FROM visit_events WHERE visit_id = $1 AND type = ANY ($2) ORDER BY position DESC LIMIT 1',
    [visitId, [...endingTypes]],
  );
  return event?.type ?? null;
}

const REVISIONS = `SELECT ${selectList({
  revision: 'revision',
  reason: 'reason',
  retracted: 'retracted',
  mergedInto: 'merged_into',
  startedAt: 'started_at',
  endedAt: 'ended_at',
  eventCount: 'event_count',
  decidedAt: 'decided_at',
})} FROM visit_revisions WHERE visit_id = $1 ORDER BY revision`;

/** A visit has at most twice `max_events` events, so that a page may read all of them. */
const EVENTS = `SELECT ${selectList({
  position: 'position',
  eventId: 'event_id',
  type: 'type',
  occurredAt: 'occurred_at',
  page: 'page',
  properties: 'properties',
  gapMs: 'gap',
  longest: 'max(gap) OVER ()',
})} FROM (
    SELECT *, (extract(epoch FROM occurred_at - lag(occurred_at) OVER (ORDER BY position)) * 1000)::bigint AS gap
    FROM visit_events WHERE visit_id = $1
  ) event
  ORDER BY position LIMIT $2 OFFSET $3`;

const MERGED = 'SELECT visit_id AS "visitId" FROM visit_alias WHERE survivor = $1 ORDER BY visit_id';

/** Letters may be large or small, as in Postgres; only the form with hyphens counts. */
export function isUuid(text: string): boolean {
  return /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i.test(text);
}
