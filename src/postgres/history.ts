import { EventId, EventIds } from '../core/event-ids.ts';
import type { Visit } from '../core/visit.ts';
import type { HistoryQuery, SessionHistory } from '../processor/ports.ts';
import { arrayParameter, TEXT, UUID } from './arrays.ts';
import type { Rows, Statement, Step } from './batch.ts';
import { lowestId } from './ranges.ts';
import { TextRow } from './row.ts';
import { readVisit, VISIT_SELECT } from './visit-row.ts';

/**
 * Session by session, each a probe of the index: whatever the planner believes of the tables, it has no other way to go
 * (OFFSET keeps it from turning the join round). The lowest id that can matter keeps months before it from being read
 * at all. `$3`: a visit opened by a record older than this does not matter; `$4`, `$5`: nor does one that ended before
 * this and is frozen.
 */
export const FIND_ENDED: Statement = {
  name: 'history_ended',
  text: `SELECT amendable, ${VISIT_SELECT}
    FROM unnest($2::text[]) AS asked (session)
    CROSS JOIN LATERAL (
      SELECT *, amendable_until >= $5::bigint AS amendable
      FROM ended_visit
      WHERE session_id = asked.session AND partition = $1 AND visit_id >= $3::uuid
        AND (last_event_at >= to_timestamp($4::bigint / 1000.0) OR amendable_until >= $5::bigint)
      OFFSET 0
    ) visit
    ORDER BY visit_id`,
};

/** UUIDs one after the other, and arrays of other ids; the chunks of merged visits included. */
const FIND_EVENT_IDS: Statement = {
  name: 'history_event_ids',
  text: `SELECT asked.id, found.uuids, found.texts
    FROM unnest($1::uuid[]) AS asked (id)
    CROSS JOIN LATERAL (
      SELECT string_agg(c.event_uuids, '') AS uuids, json_agg(c.event_ids) FILTER (WHERE c.event_ids IS NOT NULL) AS texts
      FROM (
        SELECT asked.id AS visit_id
        UNION ALL
        SELECT a.visit_id FROM visit_alias a WHERE a.survivor = asked.id
      ) held JOIN visit_chunk c ON c.visit_id = held.visit_id
    ) found`,
};

export function findEndedStep(query: HistoryQuery, partition: number): Step {
  const sessions = arrayParameter(TEXT, [...new Set(query.sessions.map(({ sessionId }) => sessionId))]);
  const bounds = [lowestId(query.openedSince), atMost(query.endedSince), atMost(query.watermark)];
  return { statement: FIND_ENDED, values: [partition, sessions, ...bounds] };
}

/** What was found first, and of which visits the event ids are to be found next. */
export class Found {
  readonly #query: HistoryQuery;
  readonly #ended: readonly Visit[];
  readonly #amendable = new Map<string, Visit>();

  constructor(query: HistoryQuery, rows: Rows) {
    this.#query = query;
    this.#ended = rows.map((fields) => {
      const row = new TextRow(fields);
      const amendable = row.boolean();
      const visit = readVisit(row, 'ended');
      if (amendable) this.#amendable.set(visit.id, visit);
      return visit;
    });
  }

  /** null: of none, as of most who come back. */
  get eventIdsStep(): Step | null {
    const ids = [...this.#amendable.keys(), ...this.#query.sessions.flatMap(({ openVisitIds }) => openVisitIds)];
    return ids.length === 0 ? null : { statement: FIND_EVENT_IDS, values: [arrayParameter(UUID, ids)] };
  }

  /** One answer for each session that was asked for, in that order. */
  answer(eventIdRows: Rows): SessionHistory[] {
    const eventIds = new Map(eventIdRows.map(([id, uuids, texts]) => [id, readIds(uuids!, texts!)]));
    for (const [id, visit] of this.#amendable) visit.loadIds(eventIds.get(id)!);
    const bySession = Map.groupBy(this.#ended, ({ sessionId, debug }) => `${debug} ${sessionId}`);
    return this.#query.sessions.map(({ sessionId, debug, openVisitIds }) => ({
      sessionId,
      debug,
      ended: bySession.get(`${debug} ${sessionId}`) ?? [],
      openEventIds: new Map(openVisitIds.map((id) => [id, eventIds.get(id)!])),
    }));
  }
}

const eventId = new EventId();

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

/** A bound that may be infinite, as a time that Postgres has. */
export function atMost(ms: number): number {
  return Math.round(Math.min(Math.max(ms, -(2 ** 45)), 2 ** 48));
}
