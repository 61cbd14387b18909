import { EventId, EventIds } from '../core/event-ids.ts';
import type { HistoryQuery, SessionHistory } from '../processor/ports.ts';
import { arrayParameter, TEXT, UUID } from './arrays.ts';
import type { Rows, Statement, Step } from './batch.ts';
import { lowestId } from './ranges.ts';
import { readVisit, VISIT_SELECT } from './visit-row.ts';

/**
 * The lowest id that can matter keeps months before it from being read at all. `$3`: a visit opened by a record older
 * than this does not matter; `$4`, `$5`: nor does one that ended before this and is frozen.
 */
const ENDED = `FROM ended_visit
  WHERE partition = $1 AND session_id = ANY ($2::text[]) AND visit_id >= $3::uuid`;

const FIND_ENDED: Statement = {
  name: 'history_ended',
  text: `SELECT amendable_until >= to_timestamp($5::bigint / 1000.0), ${VISIT_SELECT} ${ENDED}
    AND (last_event_at >= to_timestamp($4::bigint / 1000.0) OR amendable_until >= to_timestamp($5::bigint / 1000.0))
    ORDER BY visit_id`,
};

/** Event ids of visits that are not frozen and of the open ones asked for, the chunks of merged visits included. */
const FIND_EVENT_IDS: Statement = {
  name: 'history_event_ids',
  text: `WITH wanted AS (
      SELECT visit_id ${ENDED} AND amendable_until >= to_timestamp($4::bigint / 1000.0)
      UNION ALL
      SELECT unnest($5::uuid[])
    ), held AS (
      SELECT visit_id AS holder, visit_id FROM wanted
      UNION ALL
      SELECT a.visit_id, w.visit_id FROM wanted w JOIN visit_alias a ON a.survivor = w.visit_id
    )
    SELECT h.visit_id, array_to_string(c.event_uuids, ','), to_json(c.event_ids)
    FROM held h JOIN visit_chunk c ON c.visit_id = h.holder`,
};

export function historySteps(query: HistoryQuery, partition: number): Step[] {
  const sessions = arrayParameter(TEXT, [...new Set(query.sessions.map(({ sessionId }) => sessionId))]);
  const open = query.sessions.flatMap(({ openVisitIds }) => openVisitIds);
  const since = lowestId(query.openedSince);
  return [
    { statement: FIND_ENDED, values: [partition, sessions, since, atMost(query.endedSince), atMost(query.watermark)] },
    {
      statement: FIND_EVENT_IDS,
      values: [partition, sessions, since, atMost(query.watermark), arrayParameter(UUID, open)],
    },
  ];
}

const eventId = new EventId();

/** One answer for each session that was asked for, in that order. */
export function readHistory(query: HistoryQuery, [endedRows, eventIdRows]: Rows[]): SessionHistory[] {
  const eventIds = new Map<string, EventIds>();
  for (const { openVisitIds } of query.sessions) for (const id of openVisitIds) eventIds.set(id, new EventIds());
  const ended = endedRows!.map(([amendable, ...row]) => {
    const visit = readVisit(row, 'ended');
    if (amendable === 't') {
      visit.eventIds = new EventIds();
      eventIds.set(visit.id, visit.eventIds);
    }
    return visit;
  });
  for (const [visitId, uuids, texts] of eventIdRows!) {
    const ids = eventIds.get(visitId!)!;
    if (uuids) for (const id of uuids.split(',')) ids.add(eventId.set(id));
    if (texts) for (const id of JSON.parse(texts) as (string | null)[]) if (id !== null) ids.add(eventId.set(id));
  }
  const bySession = Map.groupBy(ended, ({ sessionId, debug }) => `${debug} ${sessionId}`);
  return query.sessions.map(({ sessionId, debug, openVisitIds }) => ({
    sessionId,
    debug,
    ended: bySession.get(`${debug} ${sessionId}`) ?? [],
    openEventIds: new Map(openVisitIds.map((id) => [id, eventIds.get(id)!])),
  }));
}

/** A bound that may be infinite, as a time that Postgres has. */
function atMost(ms: number): number {
  return Math.round(Math.min(Math.max(ms, -(2 ** 45)), 2 ** 48));
}
