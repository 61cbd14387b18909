import { readClocks } from './clocks.ts';
import { type Database, inSnapshot } from './database.ts';
import type { StateRules } from './rules.ts';
import { summaries, summarySelect, type VisitSummary } from './visit-row.ts';

export interface OpenOf {
  /** null: all partitions. */
  readonly partition?: number | null;
  readonly limit?: number;
}

/**
 * Open visits, the one that is due first at the head. Reads all open visits of the partition, or of all: there is no
 * index by due point, because every event would have to change it.
 */
export async function openVisits(
  database: Database,
  rules: StateRules,
  { partition = null, limit = 50 }: OpenOf = {},
  now = Date.now(),
): Promise<VisitSummary[]> {
  return await inSnapshot(database, async (ask) => {
    const clocks = await readClocks(ask, rules.outOfOrderness);
    const due = await ask<{ visitId: string }>(dueFirst(partition), [
      ...[limit, rules.gap, rules.outOfOrderness, rules.arrivalGrace],
      ...(partition === null ? [] : [partition]),
    ]);
    const ids = due.map(({ visitId }) => visitId);
    const found = await summaries(ask, BY_ID, [ids], { rules, clocks, now });
    const byId = new Map(found.map((visit) => [visit.visitId, visit]));
    return ids.map((id) => byId.get(id)!);
  });
}

/**
 * `duePoint` of the core as SQL, in ms; a test compares the two. It reads `open_visit v JOIN partition_state p`; `$2`
 * gap, `$3` out-of-orderness, `$4` arrival grace. Doubling ends at 30: a bigint must hold the result.
 */
export const DUE_POINT = `last_arrival
    + CASE WHEN v.published = 0 THEN $4::bigint
        ELSE least($4::bigint * (1::bigint << least(v.published, 30)), greatest($2::bigint, $4::bigint)) END
    + CASE WHEN p.event_clock - $3::bigint > (extract(epoch FROM last_event_at) * 1000)::bigint
          + CASE WHEN seal IS NULL THEN $2::bigint ELSE 0 END THEN 0
        ELSE CASE WHEN seal IS NULL THEN $2::bigint ELSE 0 END + $3::bigint END`;

/** `$1` limit, `$5` partition. */
const dueFirst = (partition: number | null): string => `
  SELECT visit_id AS "visitId"
  FROM open_visit v JOIN partition_state p USING (partition)
  ${partition === null ? '' : 'WHERE v.partition = $5'}
  ORDER BY ${DUE_POINT}, visit_id
  LIMIT $1`;

const BY_ID = summarySelect('WHERE v.visit_id = ANY ($1::uuid[])');

/** How far back recently ended visits are looked for, ms: the first window that has enough of them is the last read. */
const WINDOWS = [60_000, 600_000, 3_600_000, 86_400_000];

/**
 * Visits that ended last, by the arrival clock, newest first, among those that were written within a day of the last commit.
 * A visit that was opened again since is not among them.
 */
export async function recentlyEnded(
  database: Database,
  rules: StateRules,
  limit = 50,
  now = Date.now(),
): Promise<VisitSummary[]> {
  return await inSnapshot(database, async (ask) => {
    const clocks = await readClocks(ask, rules.outOfOrderness);
    const [last] = await ask<{ at: number | null }>('SELECT max(updated_at) AS at FROM partition_state');
    if (last?.at == null) return [];
    let ids: string[] = [];
    for (const window of WINDOWS) {
      const rows = await ask<{ visitId: string }>(ENDED, [last.at - window, limit]);
      ids = rows.map(({ visitId }) => visitId);
      if (ids.length === limit) break;
    }
    const found = await summaries(ask, BY_ID, [ids], { rules, clocks, now });
    const byId = new Map(found.map((visit) => [visit.visitId, visit]));
    return ids.map((id) => byId.get(id)!);
  });
}

const ENDED = `SELECT visit_id AS "visitId" FROM ended_visit
  WHERE updated_at >= to_timestamp($1::bigint / 1000.0)
  ORDER BY decided_at DESC NULLS LAST, visit_id DESC LIMIT $2`;

/** Sums over all partitions, from their own counts: no table of visits is read but the open ones. */
export interface StateCounts {
  readonly openVisits: number;
  /** Open visits by partition. */
  readonly openByPartition: Readonly<Record<number, number>>;
  /** Revisions of visits, retractions included. */
  readonly revisions: number;
  readonly retractions: number;
  readonly records: number;
  readonly events: number;
  readonly duplicates: number;
  readonly late: number;
  /** Records or events in the dead-letter topic, by reason. */
  readonly deadLetters: Readonly<Record<'undecodable' | 'invalid' | 'future' | 'visit_full', number>>;
}

export async function stateCounts(database: Database): Promise<StateCounts> {
  return await inSnapshot(database, async (ask) => {
    const states = await ask<{ counts: Readonly<Record<string, number>> }>('SELECT counts FROM partition_state');
    const open = await ask<{ partition: number; visits: number }>(
      'SELECT partition, count(*) AS visits FROM open_visit GROUP BY partition ORDER BY partition',
    );
    const sum = (name: string) => states.reduce((total, { counts }) => total + (counts[name] ?? 0), 0);
    return {
      openVisits: open.reduce((total, { visits }) => total + visits, 0),
      openByPartition: Object.fromEntries(open.map(({ partition, visits }) => [partition, visits])),
      revisions: sum('published'),
      retractions: sum('retracted'),
      records: sum('records'),
      events: sum('events'),
      duplicates: sum('duplicate'),
      late: sum('late'),
      deadLetters: {
        undecodable: sum('undecodable'),
        invalid: sum('invalid'),
        future: sum('future'),
        visit_full: sum('visitFull'),
      },
    };
  });
}
