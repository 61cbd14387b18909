/** The demo's queries of the SQL views. Intervals are in ms, times in ms since the epoch. */
import type pg from 'pg';
import { readStatus } from '../postgres/status.ts';
import type { Facts, Look, ProfileRow, RevisionRow, SessionRow, ShownVisit } from './parts.ts';
import { sumOfCounts } from './sums.ts';

const ms = (interval: string) => `round(extract(epoch FROM ${interval}) * 1000)::float8`;

const VISITS = `SELECT visit_id AS "visitId", session_id AS "sessionId", profile_id AS "profileId", debug, status,
  end_reason AS "endReason", revision, ${ms('started_at')} AS "startedAt", ${ms('last_event_at')} AS "lastEventAt",
  event_count AS "eventCount", page_view_count AS "pageViewCount", late_event_count AS "lateEventCount",
  entry_page AS "entryPage", exit_page AS "exitPage"
FROM visits`;

const SUMS = `visit_count::float8 AS "visitCount", event_count::float8 AS "eventCount",
  page_view_count::float8 AS "pageViewCount", ${ms('total_duration')} AS "durationMs"`;

const SESSIONS = `SELECT session_id AS "sessionId", profile_id AS "profileId", ${SUMS} FROM sessions`;

const PROFILES = `SELECT profile_id AS "profileId", session_count::float8 AS "sessionCount", ${SUMS},
  ${ms('first_seen_at')} AS "firstSeenAt", ${ms('last_seen_at')} AS "lastSeenAt", traits
FROM profiles`;

const REVISIONS = `SELECT visit_id AS "visitId", revision, merged_into AS "mergedInto" FROM visit_revisions
ORDER BY visit_id, revision`;

/** The visits that were asked for and the newest, and the sessions and profiles with the most visits. */
export async function look(pool: pg.Pool, visitIds: readonly string[]): Promise<Look> {
  const visits = await pool.query<ShownVisit>(
    `${VISITS} WHERE visit_id = ANY($1) UNION (${VISITS} ORDER BY visit_id DESC LIMIT 30)`,
    [visitIds],
  );
  const most = 'ORDER BY visit_count DESC, event_count DESC LIMIT 10';
  const sessions = await pool.query<SessionRow>(`${SESSIONS} ${most}`);
  const profiles = await pool.query<ProfileRow>(`${PROFILES} ${most}`);
  const all = await pool.query<{ status: string; visits: number }>(
    'SELECT status, count(*)::float8 AS visits FROM visits GROUP BY status',
  );
  const partitions = await readStatus(pool);
  const count = (status: string) => all.rows.find((row) => row.status === status)?.visits ?? 0;
  return {
    visits: visits.rows,
    sessions: sessions.rows,
    profiles: profiles.rows,
    open: count('open'),
    ended: count('ended'),
    counts: sumOfCounts(partitions.map(({ counts }) => counts)),
    messages: partitions.reduce((sum, { sequence }) => sum + sequence, 0),
  };
}

/** All rows, as of one moment. */
export async function facts(pool: pg.Pool): Promise<Facts> {
  const client = await pool.connect();
  try {
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    const visits = await client.query<ShownVisit>(VISITS);
    const sessions = await client.query<SessionRow>(SESSIONS);
    const profiles = await client.query<ProfileRow>(PROFILES);
    const revisions = await client.query<RevisionRow>(REVISIONS);
    const partitions = await readStatus(client);
    await client.query('COMMIT');
    return {
      visits: visits.rows,
      sessions: sessions.rows,
      profiles: profiles.rows,
      revisions: revisions.rows,
      counts: sumOfCounts(partitions.map(({ counts }) => counts)),
    };
  } finally {
    client.release();
  }
}
