import type { Seal } from '../core/visit.ts';
import { type Ask, type Database, inSnapshot } from './database.ts';
import { DUE_POINT } from './lists.ts';
import type { StateRules } from './rules.ts';

/** An open visit, as little of it as a picture needs. Times in ms since the epoch. */
export interface AxisVisit {
  readonly id: string;
  readonly startedAt: number;
  readonly lastEventAt: number;
  readonly events: number;
  readonly seal: Seal | null;
  readonly debug: boolean;
  /** The watermark has to pass this, or the arrival clock `due`. */
  readonly waitsFor: number;
  readonly due: number;
}

/** Open visits of one partition: the next that are due, and how many of the rest are due when. */
export interface AxisVisits {
  readonly partition: number;
  readonly shown: readonly AxisVisit[];
  /** Those that are not shown. */
  readonly rest: number;
  /** How many of the rest are due from `at` on for `step` ms, in order; long overdue ones first where it is cut. */
  readonly later: readonly { readonly at: number; readonly visits: number }[];
  readonly step: number;
}

export interface AxisOptions {
  /** Partitions, those with most open visits. */
  readonly partitions?: number;
  /** Visits a partition. */
  readonly visits?: number;
}

/**
 * What is drawn of the open visits, bounded whatever is open. Reads each open visit of these partitions twice, in no
 * more than these columns: there is no index by due point, which every event would have to change.
 */
export async function axisVisits(
  database: Database,
  rules: StateRules,
  { partitions = 12, visits = 16 }: AxisOptions = {},
): Promise<AxisVisits[]> {
  const step = bucketOf(rules);
  const values = [visits, rules.gap, rules.outOfOrderness, rules.arrivalGrace];
  return await inSnapshot(database, async (ask) => {
    const most = await ask<{ partition: number; open: number }>(MOST, [partitions]);
    const of: AxisVisits[] = [];
    for (const { partition, open } of most) {
      const shown = await ask<AxisVisit>(NEXT, [...values, partition]);
      const rest = open - shown.length;
      const buckets = rest > 0 ? await later(ask, shown, [...values, partition], step) : [];
      of.push({ partition, shown, rest, later: buckets, step });
    }
    return of.sort((a, b) => a.partition - b.partition);
  });
}

/** Buckets of the histogram: some sixty from now to the due point of a visit that begins now, ms. */
function bucketOf({ gap, outOfOrderness, arrivalGrace }: StateRules): number {
  return Math.max(100, Math.ceil((gap + outOfOrderness + arrivalGrace) / 60));
}

/** How many of those that are not shown are due in which bucket. */
async function later(
  ask: Ask,
  shown: readonly AxisVisit[],
  values: readonly unknown[],
  step: number,
): Promise<AxisVisits['later']> {
  const buckets = await ask<{ bucket: number; visits: number }>(LATER, [...values, step]);
  const left = new Map(buckets.map(({ bucket, visits }) => [bucket, visits]));
  for (const { due } of shown) {
    const bucket = Math.floor(due / step);
    left.set(bucket, (left.get(bucket) ?? 0) - 1);
  }
  return [...left].filter(([, visits]) => visits > 0).map(([bucket, visits]) => ({ at: bucket * step, visits }));
}

const MOST = `SELECT partition, count(*) AS open FROM open_visit
  GROUP BY partition ORDER BY count(*) DESC, partition LIMIT $1`;

const FROM = 'FROM open_visit v JOIN partition_state p USING (partition) WHERE v.partition = $5';

const NEXT = `SELECT visit_id AS id, started_at AS "startedAt", last_event_at AS "lastEventAt", event_count AS events,
    seal, debug, (extract(epoch FROM last_event_at) * 1000)::bigint
      + CASE WHEN seal IS NULL THEN $2::bigint ELSE 0 END AS "waitsFor", ${DUE_POINT} AS due
  ${FROM} ORDER BY due, visit_id LIMIT $1`;

/** More buckets than anybody can see are cut: those of visits that are overdue for long come first. */
const LATER = `SELECT floor((${DUE_POINT})::numeric / $6::bigint)::bigint AS bucket, count(*) AS visits
  ${FROM} AND $1::int IS NOT NULL GROUP BY 1 ORDER BY 1 LIMIT 400`;
