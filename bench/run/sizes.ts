/** What a schema takes on disk, and a processor in memory, as time goes on. */
import type pg from 'pg';
import { median } from '../report/statistics.ts';

export interface Sample {
  /** Since the first event. */
  readonly seconds: number;
  /** Resident, bytes. */
  readonly rss: number;
  /** Of the threads that fold, bytes: in use, taken from the machine for it, and buffers outside it. */
  readonly heap: number;
  readonly heapSize: number;
  readonly external: number;
  /** Bytes of the tables that hold no more than what is open or under way, with indexes and TOAST. */
  readonly working: number;
  /** Bytes of all tables. */
  readonly total: number;
  /** Revisions given out so far: what the rest of the tables grows with. */
  readonly revisions: number;
}

/** Their rows come and go: vacuum has to keep up with them. */
const WORKING = ['open_visit', 'outbox', 'partition_state'];

type OnDisk = Pick<Sample, 'working' | 'total' | 'revisions'>;

export async function sizesOf(database: pg.Client, schema: string): Promise<OnDisk> {
  const { rows } = await database.query<OnDisk>(
    `SELECT coalesce(sum(pg_total_relation_size(oid)) FILTER (WHERE relname = ANY($2)), 0)::float8 AS working,
            coalesce(sum(pg_total_relation_size(oid)), 0)::float8 AS total,
            (SELECT coalesce(sum(sequence), 0)::float8 FROM ${schema}.partition_state) AS revisions
     FROM pg_class WHERE relnamespace = $1::regnamespace AND relkind = 'r'`,
    [schema, WORKING],
  );
  return rows[0]!;
}

/** More than this is growth: a share of what there was, and what may come and go at any time, bytes. */
const SHARE = 0.15;
const ANY_TIME = 24 * 2 ** 20;

/**
 * What grew that must not, a sentence each. The first fifth is not looked at; of the rest the first third is held
 * against the last, by medians, so that a moment's peak is no growth.
 * @throws with fewer than ten samples.
 */
export function grown(samples: readonly Sample[]): string[] {
  if (samples.length < 10) throw new Error(`${samples.length} samples are too few to tell: let it run for longer`);
  const settled = samples.slice(Math.floor(samples.length / 5));
  const third = Math.floor(settled.length / 3);
  const [early, late] = [settled.slice(0, third), settled.slice(-third)];
  const compare = (what: string, of: (sample: Sample) => number, anyTime: number, unit: (value: number) => string) => {
    const [before, after] = [median(early.map(of)), median(late.map(of))];
    return after > before * (1 + SHARE) + anyTime ? [`${what} grew from ${unit(before)} to ${unit(after)}`] : [];
  };
  const megabytes = (value: number) => `${Math.round(value / 2 ** 20)} MB`;
  return [
    ...compare('resident memory', ({ rss }) => rss, ANY_TIME, megabytes),
    ...compare('what the tables of open visits and of the outbox take', ({ working }) => working, ANY_TIME, megabytes),
    ...compare(
      'what all tables take for a revision',
      ({ total, working, revisions }) => (total - working) / Math.max(1, revisions),
      0,
      (value) => `${Math.round(value)} bytes`,
    ),
  ];
}
