import type { Seal } from '../core/rules/span.ts';
import { type Database, inSnapshot } from './database.ts';
import { DUE_POINT } from './lists.ts';
import type { StateRules } from './rules.ts';

/** What a picture needs of an open visit. Times in ms since the epoch. */
export interface AxisVisit {
  readonly id: string;
  readonly startedAt: number;
  readonly lastEventAt: number;
  readonly events: number;
  readonly seal: Seal | null;
  readonly debug: boolean;
  /** The visit ends once the watermark is past this, or the arrival clock past `due`. */
  readonly waitsFor: number;
  readonly due: number;
}

/** Open visits of one partition: the next that are due, and a histogram of when the rest are. */
export interface AxisVisits {
  readonly partition: number;
  readonly shown: readonly AxisVisit[];
  /** How many are not shown. */
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
 * The open visits that are drawn, bounded however many are open. Reads all open visits once: there is no index by due point,
 * because every event would have to change it.
 */
export async function axisVisits(
  database: Database,
  rules: StateRules,
  { partitions = 12, visits = 16 }: AxisOptions = {},
): Promise<AxisVisits[]> {
  const { gap, outOfOrderness, arrivalGrace } = rules;
  const step = Math.max(100, Math.ceil((gap + outOfOrderness + arrivalGrace) / BUCKETS));
  return await inSnapshot(database, async (ask) => {
    const rows = await ask<Due>(DUE, [visits, gap, outOfOrderness, arrivalGrace, step]);
    const busiest = [...Map.groupBy(rows, ({ partition }) => partition)]
      .map(([partition, of]) => ({ partition, of, open: of.reduce((total, { visits: n }) => total + (n ?? 0), 0) }))
      .sort((a, b) => b.open - a.open || a.partition - b.partition)
      .slice(0, partitions)
      .sort((a, b) => a.partition - b.partition);
    const ids = busiest.flatMap(({ of }) => of.flatMap(({ id }) => id ?? []));
    const found = new Map((await ask<AxisVisit>(BY_ID, [ids, gap])).map((visit) => [visit.id, visit]));
    return busiest.map(({ partition, of, open }) => {
      const shown = of.flatMap(({ id, due }) => (id === null ? [] : [{ ...found.get(id)!, due }]));
      return { partition, shown, rest: open - shown.length, later: laterOf(of, shown, step), step };
    });
  });
}

/** Buckets of the histogram from now to the due point of a visit that begins now. */
const BUCKETS = 60;

/** A bucket of the histogram, which begins at `due` and holds `visits`; or one visit. */
interface Due {
  readonly partition: number;
  readonly due: number;
  readonly visits: number | null;
  readonly id: string | null;
}

/** The histogram without the visits that are shown. */
function laterOf(rows: readonly Due[], shown: readonly AxisVisit[], step: number): AxisVisits['later'] {
  const left = new Map(rows.flatMap(({ due, visits }) => (visits === null ? [] : [[due, visits] as const])));
  const [first, last] = [Math.min(...left.keys()), Math.max(...left.keys())];
  for (const { due } of shown) {
    const at = Math.min(last, Math.max(first, Math.floor(due / step) * step));
    left.set(at, left.get(at)! - 1);
  }
  return [...left].filter(([, visits]) => visits > 0).map(([at, visits]) => ({ at, visits }));
}

/** `$1` visits a partition, `$5` step. Visits due more than five times as far off as any should be count in the outermost bucket. */
const DUE = `WITH due AS MATERIALIZED (
    SELECT v.partition, v.visit_id, p.arrival_clock / $5::bigint AS now, ${DUE_POINT} AS due
    FROM open_visit v JOIN partition_state p USING (partition)
  )
  SELECT partition, $5::bigint * greatest(least(due / $5::bigint, now + ${5 * BUCKETS}), now - ${5 * BUCKETS}) AS due,
    count(*) AS visits, NULL::uuid AS id
  FROM due GROUP BY 1, 2
  UNION ALL
  SELECT partition, due, NULL, visit_id
  FROM (SELECT *, row_number() OVER (PARTITION BY partition ORDER BY due, visit_id) AS place FROM due) each
  WHERE place <= $1
  ORDER BY partition, due, id`;

const BY_ID = `SELECT visit_id AS id, started_at AS "startedAt", last_event_at AS "lastEventAt", event_count AS events,
    seal, debug, (extract(epoch FROM last_event_at) * 1000)::bigint
      + CASE WHEN seal IS NULL THEN $2::bigint ELSE 0 END AS "waitsFor"
  FROM open_visit WHERE visit_id = ANY ($1::uuid[])`;
