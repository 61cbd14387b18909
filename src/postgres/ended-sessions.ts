import type { HistoryReach } from '../ports/store.ts';
import type { Statement } from './batch.ts';
import { atMost } from './history.ts';
import type { Pipeline } from './pipeline.ts';
import { lowestId } from './ranges.ts';

/**
 * Pipeline ids of the ended visits that a look-up could find, in pieces.
 *
 * Invariant: no such visit that was committed before this began is left out. One transaction reads all, month by month,
 * so many pages at a time; it sees the tables as they were, and its lock keeps them from being rewritten. The order does
 * not matter, so reading the pages is the cheapest way: no index has only these ids.
 */
export async function* readEndedSessions(
  pipeline: Pipeline,
  partition: number,
  reach: HistoryReach,
): AsyncGenerator<readonly string[], void, undefined> {
  const since = lowestId(reach.openedSince);
  const bounds = [since, atMost(reach.endedSince), atMost(reach.watermark)];
  const [months] = await pipeline.run([{ statement: LIST_MONTHS }], BEGIN);
  let pages = FIRST_PAGES;
  for (const [table, bound, size] of months!) {
    if (UPPER.exec(bound!)![1]! <= since) continue;
    const statement = readPages(table!);
    for (let from = 0; from < Number(size); ) {
      const values = [partition, ...bounds, `(${from},0)`, `(${from + pages},0)`];
      const [rows] = await pipeline.run([{ statement, values }]);
      const [lines, others] = rows![0]!;
      const ids = lines === null ? [] : lines!.split('\n');
      if (others !== null) ids.push(...(JSON.parse(others!) as string[]));
      if (ids.length > 0) yield ids;
      from += pages;
      if (ids.length > AT_ONCE * 2) pages = Math.max(pages >> 1, 1);
      else if (ids.length < AT_ONCE / 2) pages = Math.min(pages * 2, MOST_PAGES);
    }
  }
}

/** Settings of a connection for `readEndedSessions`, which must read pages and use no index. */
export const READ_PAGES_ONLY = `SET enable_indexscan TO off; SET enable_indexonlyscan TO off; SET enable_bitmapscan TO off;
  SET enable_seqscan TO off; SET plan_cache_mode TO force_custom_plan; SET max_parallel_workers_per_gather TO 0; SET jit TO off`;

/** Ids in a piece. */
const AT_ONCE = 10_000;
const FIRST_PAGES = 512;
/** A piece may have to read 64 MB, where most rows are of other partitions. */
const MOST_PAGES = 8_192;

const BEGIN = [
  'BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY',
  'LOCK TABLE ended_visit IN ACCESS SHARE MODE',
];

const LIST_MONTHS: Statement = {
  name: 'ended_sessions_months',
  text: `SELECT c.oid::regclass, pg_get_expr(c.relpartbound, c.oid),
      pg_relation_size(c.oid) / current_setting('block_size')::integer
    FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = 'ended_visit'::regclass
    ORDER BY 2`,
};
const UPPER = /TO \('([^']+)'\)/;

/** Reads ids joined by line feeds; those with a line feed in them come apart, as JSON. */
const readPages = (table: string): Statement => ({
  name: `ended_sessions_${table}`,
  text: `SELECT string_agg(session_id, E'\\n') FILTER (WHERE strpos(session_id, E'\\n') = 0),
      json_agg(session_id) FILTER (WHERE strpos(session_id, E'\\n') > 0)
    FROM ${table}
    WHERE partition = $1 AND visit_id >= $2::uuid
      AND (last_event_at >= to_timestamp($3::bigint / 1000.0) OR amendable_until >= $4::bigint)
      AND ctid >= $5::tid AND ctid < $6::tid`,
});
