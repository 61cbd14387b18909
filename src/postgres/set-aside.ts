import type { Counts } from '../core/changes.ts';
import type { Statement, Step } from './batch.ts';

/** Counters of what no visit took, with the reason that the view `set_aside` gives. */
const REASONS = {
  late: 'late',
  undecodable: 'undecodable',
  invalid: 'invalid',
  future: 'future',
  visitFull: 'visit_full',
} as const satisfies Partial<Record<keyof Counts, string>>;

const KEYS = Object.keys(REASONS) as (keyof typeof REASONS)[];

export type SetAsideCounts = Readonly<Pick<Counts, keyof typeof REASONS>>;

const HOUR = 3_600_000;
/** Last hour of the year 9999, ms: a stamp that is no time must not keep a commit from being made. */
const LAST = 253_402_297_200_000;

/** What a commit adds to an hour of the view; most add nothing, and cost nothing. */
const ADD: Statement = {
  name: 'commit_set_aside',
  text: `INSERT INTO set_aside_hour AS h (partition, hour, reason, count)
    VALUES ($1, to_timestamp($2::bigint / 1000), $3, $4)
    ON CONFLICT (partition, hour, reason) DO UPDATE SET count = h.count + excluded.count`,
};

/** The counters that `set_aside` goes by, as they are now. */
export function setAsideCountsOf({ late, undecodable, invalid, future, visitFull }: Counts): SetAsideCounts {
  return { late, undecodable, invalid, future, visitFull };
}

/** @param arrivalClock after the commit, ms: its hour is that of all that the commit set aside. */
export function setAsideSteps(
  partition: number,
  before: SetAsideCounts,
  after: SetAsideCounts,
  arrivalClock: number | null,
): Step[] {
  const added = KEYS.filter((key) => after[key] > before[key]);
  const hour = Math.floor(Math.min(LAST, Math.max(0, arrivalClock ?? 0)) / HOUR) * HOUR;
  return added.map((key) => ({
    statement: ADD,
    values: [partition, hour, REASONS[key], after[key] - before[key]],
  }));
}
