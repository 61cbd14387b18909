import { EventIds, PackedId } from '../core/memory/event-ids.ts';
import type { HistoryQuery, SessionHistory } from '../ports/store.ts';
import { arrayParameter, TEXT, UUID } from './arrays.ts';
import type { Rows, Statement, Step } from './batch.ts';
import { lowestId } from './ranges.ts';
import { TextRow } from './row.ts';
import { readVisit, VISIT_SELECT } from './visit-row.ts';

/** Selects UUIDs one after the other, and arrays of other ids, with the chunks of merged visits. */
const eventIdsOf = (visit: string, where = 'true'): string => `
  SELECT string_agg(c.event_uuids, '') AS uuids, json_agg(c.event_ids) FILTER (WHERE c.event_ids IS NOT NULL) AS texts
  FROM (
    SELECT ${visit} AS visit_id
    UNION ALL
    SELECT a.visit_id FROM visit_alias a WHERE a.survivor = ${visit}
  ) held JOIN visit_chunk c ON c.visit_id = held.visit_id
  WHERE ${where}`;

/**
 * Each session is a probe of the index: whatever the planner believes of the tables, it has no other way (OFFSET keeps
 * it from turning the join round). The lowest id that can matter keeps months before it from being read at all.
 * `$3`: a visit opened by a record older than this does not matter; `$4`, `$5`: nor does one that ended before this and
 * is frozen. Event ids are those of visits that can still be amended.
 */
export const FIND_ENDED: Statement = {
  name: 'history_ended',
  text: `SELECT found.uuids, found.texts, amendable, ${VISIT_SELECT}
    FROM unnest($2::text[]) AS asked (session)
    CROSS JOIN LATERAL (
      SELECT *, amendable_until >= $5::bigint AS amendable
      FROM ended_visit
      WHERE session_id = asked.session AND partition = $1 AND visit_id >= $3::uuid
        AND (last_event_at >= to_timestamp($4::bigint / 1000.0) OR amendable_until >= $5::bigint)
      OFFSET 0
    ) visit
    CROSS JOIN LATERAL (${eventIdsOf('visit.visit_id', 'visit.amendable')}) found
    ORDER BY visit_id`,
};

const FIND_EVENT_IDS: Statement = {
  name: 'history_event_ids',
  text: `SELECT asked.id, found.uuids, found.texts
    FROM unnest($1::uuid[]) AS asked (id) CROSS JOIN LATERAL (${eventIdsOf('asked.id')}) found`,
};

/** Steps of a look-up; `readHistory` reads their answer. */
export function historySteps(
  { sessions, openedSince, endedSince, watermark }: HistoryQuery,
  partition: number,
): Step[] {
  const sessionIds = arrayParameter(TEXT, [...new Set(sessions.map(({ sessionId }) => sessionId))]);
  const bounds = [lowestId(openedSince), atMost(endedSince), atMost(watermark)];
  const steps: Step[] = [{ statement: FIND_ENDED, values: [partition, sessionIds, ...bounds] }];
  // Most sessions that come back have none.
  const open = sessions.flatMap(({ openVisitIds }) => openVisitIds);
  if (open.length > 0) steps.push({ statement: FIND_EVENT_IDS, values: [arrayParameter(UUID, open)] });
  return steps;
}

/** @param rows the answers to `historySteps` @returns one answer for each session of the query, in that order. */
export function readHistory({ sessions }: HistoryQuery, [endedRows, openRows = []]: readonly Rows[]): SessionHistory[] {
  const ended = endedRows!.map(([uuids, texts, ...fields]) => {
    const row = new TextRow(fields);
    const amendable = row.boolean();
    const visit = readVisit(row, 'ended');
    if (amendable) visit.loadIds(readIds(uuids!, texts!));
    return visit;
  });
  const openIds = new Map(openRows.map(([id, uuids, texts]) => [id, readIds(uuids!, texts!)]));
  const bySession = Map.groupBy(ended, ({ sessionId, debug }) => `${debug} ${sessionId}`);
  return sessions.map(({ sessionId, debug, openVisitIds }) => ({
    sessionId,
    debug,
    ended: bySession.get(`${debug} ${sessionId}`) ?? [],
    openEventIds: new Map(openVisitIds.map((id) => [id, openIds.get(id)!])),
  }));
}

const eventId = new PackedId();

/** @param uuids a bytea as Postgres writes it; @param texts a JSON array of arrays */
function readIds(uuids: string | null, texts: string | null): EventIds {
  const ids = new EventIds();
  if (texts !== null)
    for (const each of JSON.parse(texts) as string[][]) for (const id of each) ids.add(eventId.set(id));
  if (uuids === null) return ids;
  for (let at = '\\x'.length; at < uuids.length; at += 32) {
    const part = (from: number, to: number): string => uuids.slice(at + from, at + to);
    ids.add(eventId.set(`${part(0, 8)}-${part(8, 12)}-${part(12, 16)}-${part(16, 20)}-${part(20, 32)}`));
  }
  return ids;
}

/** Cuts a bound that may be infinite to a time that Postgres has. */
export function atMost(ms: number): number {
  return Math.round(Math.min(Math.max(ms, -(2 ** 45)), 2 ** 48));
}
